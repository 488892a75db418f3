"""How well a method recovers the truth, over replicates, each number with its Monte Carlo error.

Morris TP, White IR, Crowther MJ. *Stat Med* 2019;38:2074-102, tables 5 and 6; type S and type M:
Gelman A, Carlin J. *Perspect Psychol Sci* 2014;9:641-51. Replicates without a finite answer are
counted as non-convergence and left out of the rest: every measure says how many it used.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from estimate.arrays import Floats
from estimate.result import RATIOS, Estimate
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class Measure:
    """A performance measure.

    Attributes
    ----------
    value
        (...) its estimate; NaN if it cannot be had.
    mcse
        (...) Monte Carlo standard error.
    n
        (...) replicates that it used.
    """

    value: Floats
    mcse: Floats
    n: NDArray[np.int64]

    @property
    def z(self) -> Floats:
        """(...) value over its Monte Carlo error: for bias, how surely it is not 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.value / self.mcse)


@dataclass(frozen=True, slots=True)
class Performance:
    """All measures of one method; ``...`` is the shape before the replicate axis.

    Attributes
    ----------
    bias
        Mean of estimate - truth.
    relative_bias
        bias / truth.
    empirical_se
        Standard deviation of the estimates.
    model_se
        Root mean square of the standard errors that the method reports.
    relative_error
        Percent by which the model SE is off the empirical SE.
    mse, rmse
        Mean squared error, and its root.
    coverage
        Share of intervals that hold the truth.
    bias_eliminated_coverage
        Share of intervals that hold the mean estimate.
    rejection
        Share of p-values at or below alpha: power, or type I error if there is no effect.
    width
        Mean width of the intervals.
    type_s
        Among rejections, the share with the wrong sign.
    type_m
        Among rejections, the mean of abs(estimate / truth).
    non_convergence
        Share of replicates without a finite estimate.
    """

    bias: Measure
    relative_bias: Measure
    empirical_se: Measure
    model_se: Measure
    relative_error: Measure
    mse: Measure
    rmse: Measure
    coverage: Measure
    bias_eliminated_coverage: Measure
    rejection: Measure
    width: Measure
    type_s: Measure
    type_m: Measure
    non_convergence: Measure

    def records(self) -> list[dict[str, Any]]:
        """Return one plain dictionary per measure and member of the leading shape."""
        named = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [
            {
                "measure": name,
                "index": list(index),
                "value": _plain(measure.value[index]),
                "mcse": _plain(measure.mcse[index]),
                "n": int(measure.n[index]),
            }
            for name, measure in named
            for index in np.ndindex(measure.value.shape)
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

    For ratios give logarithms throughout. NaN in ``estimate`` marks a replicate without an answer.

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
    given = (estimate, std_error, conf_low, conf_high, p_value, truth)
    arrays = [np.asarray(a, float) for a in given]
    if arrays[0].ndim == 0 or arrays[0].shape[-1] < 2:
        raise InputError.of("performance", "estimate", "fewer than 2 replicates came", "draw more")
    b, se, low, high, p, target = np.broadcast_arrays(*arrays)
    found = np.isfinite(b)
    empirical, model = _spread(b, found), _model_se(se, found & np.isfinite(se))
    mean = _mean(b, found)
    centre = mean.value[..., None]
    bounded = found & ~np.isnan(low) & ~np.isnan(high)
    judged = found & np.isfinite(p)
    rejected = judged & (p <= alpha)
    bias, mse = _mean(b - target, found), _mean((b - target) ** 2, found)
    effect = target - no_effect
    signed = rejected & (effect != 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        magnitude = np.abs((b - no_effect) / effect)
        scale = _mean(target, found).value
        scale = np.where(scale == 0, np.nan, scale)  # relative to nothing there is no bias
        relative = Measure(bias.value / scale, bias.mcse / np.abs(scale), bias.n)
        rmse = np.sqrt(mse.value)
        root = Measure(rmse, mse.mcse / (2 * rmse), mse.n)
    return Performance(
        bias=bias,
        relative_bias=relative,
        empirical_se=empirical,
        model_se=model,
        relative_error=_relative_error(model, empirical, se, found & np.isfinite(se)),
        mse=mse,
        rmse=root,
        coverage=_share((low <= target) & (target <= high), bounded),
        bias_eliminated_coverage=_share((low <= centre) & (centre <= high), bounded),
        rejection=_share(rejected, judged),
        width=_mean(high - low, bounded & np.isfinite(high - low)),
        type_s=_share((b - no_effect) * effect < 0, signed),
        type_m=_mean(magnitude, signed),
        non_convergence=_share(~found, np.ones_like(found)),
    )


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
    >>> from estimate.estimand import Estimand
    >>> from estimate.result import wald
    >>> question = Estimand("all men", "gn 1 vs 0", "sperm_retrieved", "odds ratio")
    >>> answers = wald(question, "crude", "odds ratio", np.log([1.5, 2.0, 3.0]), 0.4, 100)
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
        (..., replicate); replicates without both answers are left out.
    """
    a, b = np.broadcast_arrays(np.asarray(estimate, float), np.asarray(reference, float))
    both = np.isfinite(a) & np.isfinite(b)
    var_a, var_b = _spread(a, both).value ** 2, _spread(b, both).value ** 2
    n = both.sum(-1)
    shift_a, shift_b = a - _mean(a, both).value[..., None], b - _mean(b, both).value[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        shared = np.where(both, shift_a * shift_b, 0.0).sum(-1) / (n - 1)
        ratio = var_b / var_a
        squared = shared**2 / (var_a * var_b)
        mcse = 200 * ratio * np.sqrt((1 - np.minimum(squared, 1)) / (n - 1))
        return Measure(100 * (ratio - 1), mcse, n)


def paired_difference(first: ArrayLike, second: ArrayLike) -> Measure:
    """Return the mean difference of two quantities of the same replicates.

    Under common random numbers its Monte Carlo error is that of the differences: often far below
    that of either mean. Give estimates for a difference in bias, 0/1 for one in power or coverage.

    Parameters
    ----------
    first, second
        (..., replicate); replicates without both are left out.
    """
    a, b = np.broadcast_arrays(np.asarray(first, float), np.asarray(second, float))
    return _mean(a - b, np.isfinite(a) & np.isfinite(b))


def replicates_for(mcse: float, share: float) -> int:
    """Return the replicates after which a share has this Monte Carlo standard error.

    >>> replicates_for(0.001, 0.025)
    24375
    """
    if not 0 < mcse < 1 or not 0 < share < 1:
        problem = f"mcse {mcse} or share {share} is not between 0 and 1"
        raise InputError.of("performance", "mcse", problem, "give fractions, for example 0.005")
    return int(np.ceil(share * (1 - share) / mcse**2 - 1e-9))


def share_mcse(share: ArrayLike, n: ArrayLike) -> Floats:
    """Return sqrt(p (1 - p) / n), the Monte Carlo standard error of a share."""
    p = np.asarray(share, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(p * (1 - p) / np.asarray(n, float)))


def z_against(share: ArrayLike, n: ArrayLike, exact: ArrayLike) -> Floats:
    """Return how many Monte Carlo standard errors simulated shares lie above exact ones.

    The error is that of the exact value, so that it is not 0 where nothing was simulated. Values
    of 0 or 1 that are met exactly give 0.

    Parameters
    ----------
    share, n
        Simulated share (power, stop probability) and its replicates.
    exact
        From `estimate.planning.exact_sequential`, say.

    Examples
    --------
    >>> print(f"{z_against(0.7574, 100_000, 0.7589822):.2f}")
    -1.17
    """
    truth = np.asarray(exact, float)
    gap, error = np.asarray(share, float) - truth, share_mcse(truth, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(gap == 0, 0.0, gap / error))


def _mean(values: Floats, used: NDArray[np.bool_]) -> Measure:
    n = used.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(used, values, 0.0).sum(-1) / n
        squares = np.where(used, values - mean[..., None], 0.0) ** 2
        mcse = np.where(n > 1, np.sqrt(squares.sum(-1) / (n - 1) / n), np.nan)
    return Measure(np.asarray(mean), np.asarray(mcse), n)


def _share(hits: NDArray[np.bool_], used: NDArray[np.bool_]) -> Measure:
    n = used.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (hits & used).sum(-1) / n
    return Measure(np.asarray(share), share_mcse(share, n), n)


def _spread(values: Floats, used: NDArray[np.bool_]) -> Measure:
    n = used.sum(-1)
    sd = _mean(values, used).mcse * np.sqrt(n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Measure(sd, np.asarray(sd / np.sqrt(2 * (n - 1))), n)


def _model_se(std_error: Floats, used: NDArray[np.bool_]) -> Measure:
    square = _mean(std_error**2, used)
    root = np.sqrt(square.value)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Measure(root, square.mcse / (2 * root), square.n)


def _relative_error(
    model: Measure, empirical: Measure, std_error: Floats, used: NDArray[np.bool_]
) -> Measure:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = model.value / empirical.value
        own = (_mean(std_error**2, used).mcse / (2 * model.value**2)) ** 2
        mcse = 100 * ratio * np.sqrt(own + 1 / (2 * (empirical.n - 1)))
    return Measure(100 * (ratio - 1), mcse, np.minimum(model.n, empirical.n))


def _plain(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
