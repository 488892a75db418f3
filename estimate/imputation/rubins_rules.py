"""Rubin's rules: combine the estimates of several imputations.

Rubin DB. *Multiple Imputation for Nonresponse in Surveys*, 1987. Each function documents the axis
of imputations; all other leading axes are replicates.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.core.arrays import Floats
from estimate.core.result import RATIOS, Estimate, assemble
from protocol.errors import InputError

#: If all imputations are equal, the degrees of freedom are computed at this fraction of variance
#: due to missing data, as in `mice` up to 3.15; the effect is at most 0.1 %.
SMALLEST_SHARE = 1e-4


@dataclass(frozen=True, slots=True)
class Pooled:
    """Rubin's rules; every field has the shape of the estimates without the imputation axis.

    Attributes
    ----------
    within, between, total
        Mean variance, variance of the estimates, and within + (1 + 1/m) between.
    df
        Degrees of freedom of t.
    riv
        Relative increase in variance due to missing data, (1 + 1/m) between / within.
    share
        Share of the total variance due to missing data ("lambda").
    fmi
        Fraction of missing information, which also counts the uncertainty of ``riv``.
    """

    estimate: Floats
    std_error: Floats
    within: Floats
    between: Floats
    total: Floats
    df: Floats
    statistic: Floats
    p_value: Floats
    conf_low: Floats
    conf_high: Floats
    riv: Floats
    share: Floats
    fmi: Floats


def pool(
    estimates: ArrayLike, variances: ArrayLike, *, df_complete: ArrayLike = np.inf, axis: int = -1
) -> Pooled:
    """Combine estimates that are roughly normal (log odds ratios, not odds ratios).

    Parameters
    ----------
    estimates, variances
        The estimate and its squared standard error in each imputation, along ``axis``.
    df_complete
        Degrees of freedom that complete data would leave (patients minus coefficients). Infinite
        gives Rubin's 1987 degrees of freedom; otherwise those of Barnard J, Rubin DB. *Biometrika*
        1999;86:948-55, equation 3.

    Raises
    ------
    InputError
        With fewer than two imputations, the uncertainty of the missing values cannot be estimated.

    Examples
    --------
    >>> pooled = pool([0.50, 0.62, 0.41, 0.55, 0.58], [0.04] * 5, df_complete=97)
    >>> print(f"{pooled.estimate:.3f}, SE {pooled.std_error:.3f}, df {pooled.df:.0f}")
    0.532, SE 0.219, df 52
    """
    q, u = np.broadcast_arrays(np.asarray(estimates, float), np.asarray(variances, float))
    m = q.shape[axis]
    if m < 2:
        raise InputError.of("pooling", "imputations", f"{m} given", "give at least 2")
    within, between = u.mean(axis), q.var(axis, ddof=1)
    total = within + (1 + 1 / m) * between
    with np.errstate(divide="ignore", invalid="ignore"):
        riv, share = (1 + 1 / m) * between / within, (1 + 1 / m) * between / total
    df = _barnard_rubin(m, share, np.asarray(df_complete, float))
    fmi = (riv + 2 / (df + 3)) / (1 + riv)
    estimate, error = q.mean(axis), np.sqrt(total)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(error > 0, estimate / error, np.nan)
    half = special.stdtrit(df, 0.975) * error
    return Pooled(
        estimate,
        error,
        within,
        between,
        total,
        df,
        statistic,
        np.asarray(2 * special.stdtr(df, -np.abs(statistic))),
        estimate - half,
        estimate + half,
        riv,
        share,
        fmi,
    )


def _barnard_rubin(m: int, share: Floats, complete: Floats) -> Floats:
    share = np.maximum(share, SMALLEST_SHARE)
    rubin = (m - 1) / share**2
    with np.errstate(invalid="ignore"):
        observed = np.where(
            np.isinf(complete), np.inf, (complete + 1) / (complete + 3) * complete * (1 - share)
        )
        return np.where(np.isinf(observed), rubin, rubin * observed / (rubin + observed))


def missing_information(each: Estimate, *, df_complete: ArrayLike = np.inf) -> Floats:
    """Return the fraction of missing information of an estimate; imputations are its last axis.

    The fraction of its variance that is due to missing data: with 0.3, complete data would have
    needed 70 % of the patients for the same precision.
    """
    value = np.log(each.estimate) if each.scale in RATIOS else each.estimate
    return pool(value, np.asarray(each.std_error) ** 2, df_complete=df_complete).fmi


def pool_estimates(each: Estimate, *, df_complete: ArrayLike = np.inf) -> Estimate:
    """Pool an estimate made in every imputation; the imputations are its last axis.

    Any estimator with leading axes can be used after imputation, including propensity scores within
    each imputation ("within"; Leyrat C et al. *Stat Methods Med Res* 2019;28:3-19). If one
    imputation fails, the pooled result fails.
    """
    value = np.log(each.estimate) if each.scale in RATIOS else each.estimate
    pooled = pool(value, np.asarray(each.std_error) ** 2, df_complete=df_complete)
    return assemble(
        each.estimand,
        each.method,
        each.scale,
        value=pooled.estimate,
        std_error=pooled.std_error,
        statistic=pooled.statistic,
        p_value=pooled.p_value,
        low=pooled.conf_low,
        high=pooled.conf_high,
        n=np.asarray(each.n).min(-1),
        interval=f"t, Rubin, {each.estimate.shape[-1]} imputations",
        converged=np.asarray(each.converged).all(-1),
        test="pooled t",
    )
