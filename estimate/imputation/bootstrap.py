"""Bootstrap, then impute: standard errors that do not rely on the imputation model.

Rubin's rules assume that the analysis and the imputation are congenial. Resampling patients and
imputing each resample separately does not assume this; the reverse order is invalid (Bartlett JW,
Hughes RA. *Stat Methods Med Res* 2020;29:3533-46).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.core.arrays import Floats
from estimate.imputation.chain import Column, impute
from protocol.errors import InputError

#: Resamples imputed together; limits memory.
BLOCK = 50


@dataclass(frozen=True, slots=True)
class BootstrapImputation:
    """Estimates of all resamples, and the results of their combination.

    Attributes
    ----------
    each
        (resample, imputation) estimates.
    estimate, std_error, df
        von Hippel and Bartlett's point estimate, standard error and degrees of freedom.
    conf_low, conf_high
        t interval from these.
    percentile_low, percentile_high
        Percentiles of the resamples' means: valid only with several imputations each.
    """

    each: Floats
    estimate: float
    std_error: float
    df: float
    conf_low: float
    conf_high: float
    percentile_low: float
    percentile_high: float


def bootstrap_then_impute(
    values: ArrayLike,
    columns: Sequence[Column],
    estimator: Callable[[Floats], Floats],
    rng: np.random.Generator,
    *,
    resamples: int = 200,
    imputations: int = 2,
    iterations: int = 10,
) -> BootstrapImputation:
    """Resample patients, impute each resample, estimate in each completed data set.

    Parameters
    ----------
    values
        (n, column), NaN where missing: one study.
    estimator
        Takes completed data (resample, imputation, n, column), returns (resample, imputation)
        estimates on a scale where they are roughly normal. A resample with NaN is excluded.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> patients = np.c_[rng.normal(30, 3, 60), rng.normal(18, 5, 60)]
    >>> patients[::4, 1] = np.nan
    >>> answer = bootstrap_then_impute(
    ...     patients, [Column("age_years"), Column("fsh_iu_l")], lambda x: x[..., 1].mean(-1), rng
    ... )
    >>> print(f"{answer.estimate:.1f} (SE {answer.std_error:.1f})")
    17.4 (SE 0.8)
    """
    values = np.asarray(values, float)
    if resamples < 2 or imputations < 2:
        problem = f"{resamples} resamples of {imputations} imputations are not allowed"
        raise InputError.of("bootstrap", "resamples", problem, "give at least 2 of each")
    parts = []
    for start in range(0, resamples, BLOCK):
        count = min(BLOCK, resamples - start)
        rows = rng.integers(0, len(values), (count, len(values)))
        done = impute(values[rows], columns, rng, imputations=imputations, iterations=iterations)
        parts.append(np.asarray(estimator(done.completed), float))
    return combine(np.concatenate(parts))


def combine(each: ArrayLike) -> BootstrapImputation:
    """Combine estimates (resample, imputation) by one-way analysis of variance.

    The variance between resamples, corrected for imputation noise, is that of the estimator with
    infinitely many imputations: von Hippel PT, Bartlett JW. *Stat Sci* 2021;36:400-20.
    """
    each = np.asarray(each, float)
    used = each[np.isfinite(each).all(-1)]
    b, m = used.shape
    if b < 2:
        raise InputError.of("bootstrap", "", "the estimator failed", "check it on complete data")
    means = used.mean(-1)
    between = m * means.var(ddof=1)
    within = used.var(-1, ddof=1).mean()
    grow = (b + 1) / (b * m)
    # Noise can make the difference negative; the variance of the overall mean is the lower bound.
    variance = max(grow * between - within / m, between / (b * m))
    variation = (grow * between) ** 2 / (b - 1) + within**2 / (b * m**2 * (m - 1))
    df = max((grow * between - within / m) ** 2 / variation, 3.0) if variation > 0 else np.inf
    estimate, error = float(means.mean()), float(np.sqrt(variance))
    half = float(special.stdtrit(df, 0.975)) * error if np.isfinite(df) else 0.0
    low, high = np.quantile(means, [0.025, 0.975])
    return BootstrapImputation(
        each, estimate, error, float(df), estimate - half, estimate + half, float(low), float(high)
    )
