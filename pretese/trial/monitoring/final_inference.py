"""Intervals and p-values of an ongoing trial, and the final inference once it has stopped."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from estimate.comparison.risk_difference import score_interval
from estimate.core.numeric.roots import brent_root
from estimate.sequential.boundary_shapes import WangTsiatis
from estimate.sequential.design import SequentialDesign
from estimate.sequential.interim_inference import (
    analyse_final,
    observed_boundaries,
    repeated_p,
    stagewise_tail,
)
from estimate.sequential.spending import Spending
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.interim import Monitoring
from pretese.trial.monitoring.boundaries_observed import TrialStatus
from pretese.trial.monitoring.current_status import InterimStatistics
from pretese.trial.monitoring.interim_data import InterimData
from pretese.trial.monitoring.reestimated_stages import combined_limits

Limits = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Naive:
    """Fixed-sample inference from the data of one analysis.

    ``p_value`` is one-sided or two-sided, as the design is.
    """

    estimate: float
    conf_low: float
    conf_high: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Final:
    """Final inference; limits and estimate may be None where not valid.

    ``p_value`` is one-sided or two-sided, as the design is.
    """

    p_value: float
    median_unbiased: float | None
    conf_low: float | None
    conf_high: float | None


def level_of(plan: SequentialDesign) -> float:
    """Return the two-sided coverage that corresponds to alpha: 1 - 2 alpha, or 1 - alpha."""
    return 1 - 2 * plan.alpha / plan.sides


def p_of(tail: float, sides: int) -> float:
    """Return a p-value from the probability of an outcome at least as favourable to treatment."""
    return tail if sides == 1 else min(1.0, 2 * min(tail, 1 - tail))


def repeated_interval_of(
    design: DesignFile,
    statistics: InterimStatistics,
    interim: InterimData,
    analysis: int,
    boundary: float,
) -> Limits | None:
    """Return the repeated confidence interval of an analysis, counted from 0, or None."""
    if not np.isfinite(boundary):
        return None
    if statistics.adapted is not None and analysis >= statistics.adapted:
        return combined_limits(design, interim, analysis, boundary)
    return _limits(statistics, interim, analysis, boundary)


def _limits(
    statistics: InterimStatistics, interim: InterimData, analysis: int, boundary: float
) -> Limits:
    """Return the interval of effects that are not rejected at a critical value.

    For counts the score test is inverted; otherwise it is estimate ± boundary * std_error.
    """
    if interim.events is None or interim.participants is None:
        value, error = float(statistics.estimate[analysis]), float(statistics.std_error[analysis])
        return value - boundary * error, value + boundary * error
    (x0, x1), (n0, n1) = interim.events[analysis], interim.participants[analysis]
    low, high = score_interval(x1, n1, x0, n0, variance="Farrington-Manning", z=boundary)
    return float(low), float(high)


def repeated_p_of(
    monitoring: Monitoring, statistics: InterimStatistics, analysis: int, *, last: bool
) -> float | None:
    """Return the repeated p-value of an analysis, counted from 0.

    None if the boundaries are not defined for other values of alpha: listed boundaries,
    Haybittle-Peto, boundaries that rely on stopping for futility, and Wang-Tsiatis boundaries of a
    trial that ended early.
    """
    plan, shape, z = monitoring.plan(), monitoring.shape(), float(statistics.z[analysis])
    if isinstance(shape, WangTsiatis) and not (last and analysis + 1 < plan.analyses):
        return repeated_p(shape, plan.information_rates, analysis + 1, z, sides=plan.sides)
    if not (isinstance(shape, Spending) and monitoring.spends) or plan.binding:
        return None
    value, fraction = abs(z) if plan.sides == 2 else z, statistics.fraction[: analysis + 1]

    def surplus(alpha: float) -> float:
        boundaries = observed_boundaries(alpha, shape, fraction, 1.0, sides=plan.sides, last=last)
        return float(boundaries[-1]) - value

    lowest, most = 1e-12, 0.5 * plan.sides - 1e-6
    if surplus(most) > 0:
        return most
    return lowest if surplus(lowest) < 0 else float(brent_root(surplus, lowest, most, xtol=1e-13))


def final_analysis(
    design: DesignFile, status: TrialStatus, statistics: InterimStatistics, interim: InterimData,
    analyses: list[int],
) -> Final | None:  # fmt: skip
    """Return the final inference by stagewise ordering of a trial that has ended.

    The ordering gives the distance of the adjusted from the unadjusted estimate in standard errors.

    For counts this distance is converted to a risk difference by inverting the score test, so that
    a trial with one analysis reports its ordinary estimate and interval, and test and interval
    agree. Simulated trials scale the same distance (`stopped_estimates`); the difference is small
    if trials stop as planned. None if the analysis has no variance (no events, or only events) and
    for equivalence, whose two tests have two orderings. After re-estimation there is only a
    p-value.

    Parameters
    ----------
    analyses
        Counted from 0. With overrunning they are those before the stop and the overrunning
        analysis: the stopping analysis is deleted (Whitehead J. *Control Clin Trials*
        1992;13:106-21).
    """
    last, boundaries = analyses[-1], status.boundaries
    z = float(statistics.z[last])
    if statistics.adapted is not None and last >= statistics.adapted:
        tail = float(stagewise_tail(boundaries, statistics.fraction[analyses], z))
        return Final(p_of(tail, boundaries.sides), None, None, None)
    if statistics.std_error[last] <= 0 or len(design.analysis.nulls) == 2:
        return None
    information = statistics.information(analyses)
    found = analyse_final(boundaries, information, z, level=level_of(boundaries))

    def effect(theta: float) -> float:
        away = theta * float(np.sqrt(information[-1])) - z
        low, high = _limits(statistics, interim, last, abs(away))
        return low if away < 0 else high

    ordered = (effect(each) for each in (found.median_unbiased, found.conf_low, found.conf_high))
    return Final(p_of(found.p_value, boundaries.sides), *ordered)


def naive_analysis(
    design: DesignFile, statistics: InterimStatistics, interim: InterimData, analysis: int
) -> Naive | None:
    """Return fixed-sample inference from one analysis, counted from 0."""
    plan = design.monitoring.plan()
    alone = -float(ndtri(plan.alpha / plan.sides))
    if statistics.std_error[analysis] <= 0:
        return None
    if interim.events is None or interim.participants is None:
        z = float(statistics.z[analysis])
    else:
        (x0, x1), (n0, n1) = interim.events[analysis], interim.participants[analysis]
        z = float(design.analysis.count_test(plan.sides).z(x1, n1, x0, n0))
    p_value = p_of(float(ndtr(-z)), plan.sides)
    return Naive(
        float(statistics.estimate[analysis]),
        *_limits(statistics, interim, analysis, alone),
        p_value,
    )
