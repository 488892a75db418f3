"""Performance of a method from sums over replicates, in bounded memory.

The measures are those of Morris TP, White IR, Crowther MJ. *Stat Med* 2019;38:2074-102, tables 5
and 6, and Gelman A, Carlin J. *Perspect Psychol Sci* 2014;9:641-51 (type S and type M).
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from estimate.performance.joint_moments import JointMoments
from estimate.performance.moments import Measure, Moments


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
        Proportion of intervals that contain the true value.
    bias_eliminated_coverage
        Proportion of intervals that contain the mean estimate.
    rejection
        Proportion of p-values at or below alpha: power, or type I error if there is no effect.
    width
        Mean width of the intervals.
    type_s
        Among rejections, the proportion with the wrong sign.
    type_m
        Among rejections, the mean of abs(estimate / truth).
    non_convergence
        Proportion of replicates without a finite estimate.
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


@dataclass(frozen=True, slots=True)
class Tally:
    """Sufficient statistics of performance for some replicates; tallies of parts can be added.

    Every field summarises one quantity over the replicates that have it: errors and squared errors,
    estimates, true values, reported variances, coverage and width of intervals, rejection, sign and
    magnification of the effect given rejection, and non-convergence. ``precision`` has the joint
    moments of estimates and reported variances, which give the Monte Carlo errors of both standard
    errors.
    """

    error: Moments
    squared_error: Moments
    estimate: Moments
    truth: Moments
    variance: Moments
    covered: Moments
    width: Moments
    rejected: Moments
    wrong_sign: Moments
    magnified: Moments
    missing: Moments
    precision: JointMoments

    @classmethod
    def of(
        cls,
        estimate: ArrayLike,
        std_error: ArrayLike,
        truth: ArrayLike,
        *,
        conf_low: ArrayLike,
        conf_high: ArrayLike,
        p_value: ArrayLike,
        alpha: float = 0.05,
        no_effect: float = 0.0,
    ) -> "Tally":
        """Reduce replicates; parameters are those of `measure_performance`."""
        given = (estimate, std_error, conf_low, conf_high, p_value, truth)
        b, se, low, high, p, target = np.broadcast_arrays(*(np.asarray(a, float) for a in given))
        found = np.isfinite(b)
        judged = found & np.isfinite(p)
        rejected = judged & (p <= alpha)
        effect = target - no_effect
        signed = rejected & (effect != 0)
        bounded = found & np.isfinite(high - low)
        with np.errstate(divide="ignore", invalid="ignore"):
            magnified = np.abs((b - no_effect) / effect)
        return cls(
            error=Moments.of(b - target, found),
            squared_error=Moments.of((b - target) ** 2, found),
            estimate=Moments.of(b, found),
            truth=Moments.of(target, found),
            variance=Moments.of(se**2, found & np.isfinite(se)),
            covered=covering(b, low, high, target),
            width=Moments.of(high - low, bounded),
            rejected=Moments.of(rejected, judged),
            wrong_sign=Moments.of((b - no_effect) * effect < 0, signed),
            magnified=Moments.of(magnified, signed),
            missing=Moments.of(~found),
            precision=JointMoments.of(b, se**2),
        )

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    def performance(self, centred: Moments) -> Performance:
        """Return all measures.

        Parameters
        ----------
        centred
            Whether each interval contains the mean of all estimates, from `covering`: the only
            quantity that needs two passes over the replicates.
        """
        bias, mse = self.error.average(), self.squared_error.average()
        model, sd = _root(self.variance.average()), self.estimate.sd
        empirical = Measure(sd, sd * self.precision.relative_sd_mcse(), self.estimate.n)
        scale = np.where(self.truth.mean == 0, np.nan, self.truth.mean)
        return Performance(
            bias=bias,
            relative_bias=Measure(bias.value / scale, bias.mcse / np.abs(scale), bias.n),
            empirical_se=empirical,
            model_se=model,
            relative_error=_relative_error(model, empirical, self.precision),
            mse=mse,
            rmse=_root(mse),
            coverage=self.covered.share(),
            bias_eliminated_coverage=centred.share(),
            rejection=self.rejected.share(),
            width=self.width.average(),
            type_s=self.wrong_sign.share(),
            type_m=self.magnified.average(),
            non_convergence=self.missing.share(),
        )


def covering(
    estimate: ArrayLike, conf_low: ArrayLike, conf_high: ArrayLike, point: ArrayLike
) -> Moments:
    """Count the intervals (..., replicate) that contain a point, ends included."""
    b, low, high, at = (np.asarray(a, float) for a in (estimate, conf_low, conf_high, point))
    bounded = np.isfinite(b) & ~np.isnan(low) & ~np.isnan(high)
    return Moments.of((low <= at) & (at <= high), bounded)


def _root(square: Measure) -> Measure:
    """Return the square root of a measure, its error by the delta method."""
    root = np.sqrt(square.value)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Measure(root, square.mcse / (2 * root), square.n)


def _relative_error(model: Measure, empirical: Measure, precision: JointMoments) -> Measure:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = model.value / empirical.value
        mcse = 100 * ratio * precision.relative_error_mcse()
    return Measure(100 * (ratio - 1), mcse, np.minimum(model.n, empirical.n))


def _plain(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
