"""Performance of a method over replicates, each measure with its Monte Carlo standard error.

Morris TP, White IR, Crowther MJ. *Stat Med* 2019;38:2074-102, tables 5 and 6; type S and type M:
Gelman A, Carlin J. *Perspect Psychol Sci* 2014;9:641-51. Replicates without a finite answer are
counted as non-convergence and excluded from the rest: every measure states the number it used.
"""

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from estimate.core.result import RATIOS, Estimate
from estimate.performance.joint_moments import JointMoments
from estimate.performance.moments import Measure, Moments, proportion_mcse
from estimate.performance.tally import Performance, Tally, covering
from protocol.errors import InputError

__all__ = [
    "Measure",
    "Performance",
    "Tally",
    "covering",
    "measure_performance",
    "paired_difference",
    "performance_of",
    "precision_gain",
    "proportion_mcse",
    "relative_precision",
    "replicates_for",
    "z_against",
]


def measure_performance(
    estimate: ArrayLike,
    std_error: ArrayLike,
    truth: ArrayLike,
    *,
    conf_low: ArrayLike,
    conf_high: ArrayLike,
    p_value: ArrayLike,
    alpha: float = 0.05,
    no_effect: float = 0.0,
) -> Performance:
    """Return the performance of one method over replicates, the last axis.

    For ratios give logarithms throughout. NaN in ``estimate`` marks non-convergence.

    Parameters
    ----------
    estimate, std_error, conf_low, conf_high, p_value
        (..., replicate).
    truth
        (..., replicate) or less: one number for a population effect, one per replicate for the
        effect in each sample.
    alpha
        Level of the test.
    no_effect
        Value from which the sign of an effect is counted.

    Examples
    --------
    >>> from scipy.special import ndtr
    >>> b, se = np.array([0.1, 0.2, 0.3, 0.4, 0.25]), np.array([0.1, 0.1, 0.12, 0.11, 0.09])
    >>> result = measure_performance(
    ...     b, se, 0.2, conf_low=b - 1.96 * se, conf_high=b + 1.96 * se, p_value=2 * ndtr(-b / se)
    ... )
    >>> f"{result.bias.value:.2f} ({result.bias.mcse:.2f})"
    '0.05 (0.05)'
    """
    b = np.asarray(estimate, float)
    if b.ndim == 0 or b.shape[-1] < 2:
        raise InputError.of(
            "performance", "estimate", "there are fewer than 2 replicates", "simulate more"
        )
    tally = Tally.of(
        b, std_error, truth, conf_low=conf_low, conf_high=conf_high, p_value=p_value, alpha=alpha,
        no_effect=no_effect,
    )  # fmt: skip
    return tally.performance(covering(b, conf_low, conf_high, tally.estimate.mean[..., None]))


def performance_of(estimate: Estimate, truth: ArrayLike, *, alpha: float = 0.05) -> Performance:
    """Return the performance of an estimator over the data sets of a batch.

    Ratios are judged on the log scale, where their errors are symmetric.

    Parameters
    ----------
    estimate
        Of a batch whose last leading axis is the replicate. Data sets that did not converge count
        as non-convergence.
    truth
        (..., replicate) or less, on the scale of the estimate: a ratio is given as a ratio.

    Examples
    --------
    >>> from estimate.core.estimand import Estimand
    >>> from estimate.core.result import wald
    >>> question = Estimand("all patients", "therapy 1 vs 0", "sperm_retrieved", "odds ratio")
    >>> answers = wald(question, "unadjusted", "odds ratio", np.log([1.5, 2.0, 3.0]), 0.4, 100)
    >>> f"{performance_of(answers, 2.0).bias.value:.4f}"
    '0.0393'
    """
    to_scale = np.log if estimate.scale in RATIOS else np.asarray
    with np.errstate(divide="ignore", invalid="ignore"):
        value, low, high, target = (
            to_scale(np.asarray(a, float))
            for a in (estimate.estimate, estimate.conf_low, estimate.conf_high, truth)
        )
    return measure_performance(
        np.where(estimate.converged, value, np.nan),
        estimate.std_error,
        target,
        conf_low=low,
        conf_high=high,
        p_value=estimate.p_value,
        alpha=alpha,
    )


def relative_precision(estimate: ArrayLike, reference: ArrayLike) -> Measure:
    """Return the percent gain in precision over a reference method on the same replicates.

    100 ((empirical SE of reference / empirical SE)^2 - 1); Morris et al. 2019, table 6.

    Parameters
    ----------
    estimate, reference
        (..., replicate); replicates without both answers are excluded.
    """
    return precision_gain(JointMoments.of(estimate, reference))


def precision_gain(estimates: JointMoments) -> Measure:
    """Return the percent gain in precision of the first quantity over the second.

    100 ((SD of second / SD of first)^2 - 1), its error by the delta method.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = estimates.central(0, 2) / estimates.central(2, 0)
        mcse = 200 * ratio * estimates.relative_sd_ratio_mcse()
    return Measure(np.asarray(100 * (ratio - 1)), np.asarray(mcse), estimates.n)


def paired_difference(first: ArrayLike, second: ArrayLike) -> Measure:
    """Return the mean difference of two quantities of the same replicates.

    With common random numbers its Monte Carlo error is that of the differences, often much smaller
    than that of either mean. Give estimates for a difference in bias, and 0/1 values for one in
    power or coverage.

    Parameters
    ----------
    first, second
        (..., replicate); replicates without both are excluded.
    """
    a, b = np.broadcast_arrays(np.asarray(first, float), np.asarray(second, float))
    return Moments.of(a - b, np.isfinite(a) & np.isfinite(b)).average()


def replicates_for(mcse: float, share: float) -> int:
    """Return the number of replicates at which a proportion has this Monte Carlo standard error.

    >>> replicates_for(0.001, 0.025)
    24375
    """
    if not 0 < mcse < 1 or not 0 < share < 1:
        problem = f"mcse {mcse} or share {share} is not between 0 and 1"
        raise InputError.of("performance", "mcse", problem, "give fractions, for example 0.005")
    return int(np.ceil(share * (1 - share) / mcse**2 - 1e-9))


def z_against(share: ArrayLike, n: ArrayLike, exact: ArrayLike) -> Floats:
    """Return the distance of simulated from exact proportions in Monte Carlo standard errors.

    The error is that of the exact value, so that it is not 0 if no event was simulated. Values
    of 0 or 1 that are met exactly give 0.

    Parameters
    ----------
    share, n
        Simulated share (power, stop probability) and its replicates.
    exact
        For example from `estimate.sample_size.exact_sequential`.

    Examples
    --------
    >>> print(f"{z_against(0.7574, 100_000, 0.7589822):.2f}")
    -1.17
    """
    truth = np.clip(np.asarray(exact, float), 0.0, 1.0)  # sums of probabilities may round beyond 1
    gap, error = np.asarray(share, float) - truth, proportion_mcse(truth, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(gap == 0, 0.0, gap / error))
