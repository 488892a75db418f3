"""Intervals and p-values of a running trial, and its analysis once it has stopped."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from estimate.comparison.risk_difference import score_interval, score_z
from estimate.sequential.boundaries import WangTsiatis
from estimate.sequential.design import SequentialDesign
from estimate.sequential.interim_inference import (
    analyse_final,
    monitor_bounds,
    repeated_p,
    stagewise_tail,
)
from estimate.sequential.spending import Spending
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.interim import Monitoring
from pretese.trial.monitoring.boundaries_observed import Standing
from pretese.trial.monitoring.current_status import Course
from pretese.trial.monitoring.interim_data import Taken
from pretese.trial.monitoring.reestimated_stages import combined_limits

Limits = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Naive:
    """What the data of one look would say had they been planned as the only one.

    ``p_value`` is one-sided or two-sided, as the design is.
    """

    estimate: float
    conf_low: float
    conf_high: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Final:
    """What a trial found that ended by its plan; limits and estimate None where they do not hold.

    ``p_value`` is one-sided or two-sided, as the design is.
    """

    p_value: float
    median_unbiased: float | None
    conf_low: float | None
    conf_high: float | None


def level_of(plan: SequentialDesign) -> float:
    """Return the two-sided coverage that goes with the level: 1 - 2 alpha, or 1 - alpha."""
    return 1 - 2 * plan.alpha / plan.sides


def p_of(tail: float, sides: int) -> float:
    """Return a p-value from the chance of an outcome as much in favour of treatment."""
    return tail if sides == 1 else min(1.0, 2 * min(tail, 1 - tail))


def repeated_interval_of(
    design: DesignFile, course: Course, taken: Taken, look: int, bound: float
) -> Limits | None:
    """Return the repeated interval of a look, counted from 0; None without error spent by then."""
    if not np.isfinite(bound):
        return None
    if course.adapted is not None and look >= course.adapted:
        return combined_limits(design, taken, look, bound)
    return _limits(course, taken, look, bound)


def _limits(course: Course, taken: Taken, look: int, bound: float) -> Limits:
    """Return effects that a look does not reject at a bound.

    Of counts the score test is inverted, else it is estimate ± bound * error.
    """
    if taken.events is None or taken.men is None:
        value, error = float(course.estimate[look]), float(course.std_error[look])
        return value - bound * error, value + bound * error
    (x0, x1), (n0, n1) = taken.events[look], taken.men[look]
    low, high = score_interval(x1, n1, x0, n0, variance="Farrington-Manning", z=bound)
    return float(low), float(high)


def repeated_p_of(monitoring: Monitoring, course: Course, look: int, *, last: bool) -> float | None:
    """Return the least level at which a design of this shape rejects at a look, counted from 0.

    None where the shape has no other level to go to: bounds of a list, Haybittle-Peto, bounds that
    rely on stopping for futility, and Wang-Tsiatis bounds after a trial that ended early.
    """
    plan, shape, z = monitoring.plan(), monitoring.shape(), float(course.z[look])
    if isinstance(shape, WangTsiatis) and not (last and look + 1 < plan.looks):
        return repeated_p(shape, plan.information_rates, look + 1, z, sides=plan.sides)
    if not (isinstance(shape, Spending) and monitoring.spends) or plan.binding:
        return None
    value, fraction = abs(z) if plan.sides == 2 else z, course.fraction[: look + 1]

    def surplus(alpha: float) -> float:
        bounds = monitor_bounds(alpha, shape, fraction, 1.0, sides=plan.sides, last=last)
        return float(bounds[-1]) - value

    least, most = 1e-12, 0.5 * plan.sides - 1e-6
    if surplus(most) > 0:
        return most
    return least if surplus(least) < 0 else float(brentq(surplus, least, most, xtol=1e-13))


def final_analysis(
    standing: Standing, course: Course, taken: Taken, looks: list[int]
) -> Final | None:
    """Return the analysis by stagewise ordering of a trial that ended at the last of these looks.

    The ordering says how many standard errors the usual estimate is off; what lies so far from it
    is, of counts, the risk difference that the score test finds there. So a trial of one look
    reports its ordinary estimate and interval, and test and interval agree. Simulated trials scale
    the same distance (`stopped_estimates`), hardly differing where trials stop by their plan.

    None if that look has no variance: no events in either arm, or nothing else. After
    re-estimation there is a p-value alone.

    Parameters
    ----------
    looks
        Counted from 0. With an over-run they are those before the stop and the over-run itself:
        the stopping look is deleted (Whitehead J. *Control Clin Trials* 1992;13:106-21).
    """
    last, bounds = looks[-1], standing.bounds
    z = float(course.z[last])
    if course.adapted is not None and last >= course.adapted:
        tail = float(stagewise_tail(bounds, course.fraction[looks], z))
        return Final(p_of(tail, bounds.sides), None, None, None)
    if course.std_error[last] <= 0:
        return None
    information = course.information(looks)
    found = analyse_final(bounds, information, z, level=level_of(bounds))

    def effect(theta: float) -> float:
        away = theta * float(np.sqrt(information[-1])) - z
        low, high = _limits(course, taken, last, abs(away))
        return low if away < 0 else high

    ordered = (effect(each) for each in (found.median_unbiased, found.conf_low, found.conf_high))
    return Final(p_of(found.p_value, bounds.sides), *ordered)


def naive_analysis(course: Course, taken: Taken, look: int, plan: SequentialDesign) -> Naive | None:
    """Return the analysis of a look, counted from 0, that knows of no others."""
    alone = -float(ndtri(plan.alpha / plan.sides))
    if course.std_error[look] <= 0:
        return None
    if taken.events is None or taken.men is None:
        z = float(course.z[look])
    else:
        (x0, x1), (n0, n1) = taken.events[look], taken.men[look]
        z = float(score_z(x1, n1, x0, n0))
    p_value = p_of(float(ndtr(-z)), plan.sides)
    return Naive(float(course.estimate[look]), *_limits(course, taken, look, alone), p_value)
