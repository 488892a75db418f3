"""What the plan says of a running trial: bounds at the looks that came, and where it stops."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from estimate.core.arrays import Floats
from estimate.sequential.design import SequentialDesign
from estimate.sequential.observed_boundaries import bounds_as_came, spend_rest, with_bounds
from estimate.sequential.spending import Spending
from pretese.trial.design.interim import Monitoring
from pretese.trial.monitoring.current_status import Course
from pretese.trial.monitoring.interim_data import Taken
from protocol.errors import InputError

#: How far from its planned share of information a look may lie and still be the planned one, where
#: bounds are fixed beforehand; and how near to 1 the last planned look is the end.
TOLERANCE = 0.02

Why = Literal["efficacy", "harm", "futility", "end"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Bounds of the looks that came, up to the end of the trial if it has ended.

    Attributes
    ----------
    bounds
        The design as it came: a bound for every look up to ``stop``, or all of them.
    stop
        Look at which the trial ended, counted from 0; None while it runs.
    why
        What ended it: a bound, or the end of the plan; None while it runs.
    last
        Whether all error that was left has been spent at ``stop``.
    over_run
        Look whose data came in after the decision; None without one.
    """

    bounds: SequentialDesign
    stop: int | None
    why: Why | None
    last: bool
    over_run: int | None

    @property
    def rejected(self) -> bool:
        """Whether the null hypothesis is rejected, in either direction."""
        return self.why in ("efficacy", "harm")


def judge_interim_data(
    monitoring: Monitoring, course: Course, taken: Taken, *, ended: bool, over_run: bool
) -> Standing:
    """Hold every look against its bound.

    Parameters
    ----------
    ended
        Whether the trial ends at the last look though the plan has more: what error is left is
        then spent there, unless it is a futility bound that ended it.
    over_run
        Whether the last look holds data that came in after the trial had stopped.

    Raises
    ------
    InputError
        A look follows the end, a look came at another time than bounds fixed beforehand allow.
    """
    plan, fraction = monitoring.plan(), course.fraction
    finals = [k for k in range(fraction.size) if _is_last(plan, fraction, k)]
    most = fraction.size if follows(monitoring) else min(fraction.size, plan.looks)
    end = finals[0] if finals else most - 1
    bounds = bounds_at(monitoring, fraction[: end + 1], last=bool(finals))
    stop, why = _first_crossing(bounds, course.z, last=bool(finals))
    if stop is None and not finals and ended and end + 1 == fraction.size:
        if course.z[end] < bounds.lower[end] and plan.sides == 1:
            stop, why = end, "futility"
        else:
            bounds, finals = bounds_at(monitoring, fraction, last=True), [end]
            stop, why = _first_crossing(bounds, course.z, last=True)
    if stop is None and finals:
        stop, why = end, "end"
    last = stop == end and bool(finals)
    if not follows(monitoring):
        _check_times(plan, course, taken, end if stop is None else stop, last)
    standing = Standing(bounds, stop, why, last, None)
    return _with_over_run(standing, taken, over_run)


def follows(monitoring: Monitoring) -> bool:
    """Whether bounds follow looks that come at other times than planned.

    They do not with re-estimation, whose weights and bounds are those of the plan.
    """
    return monitoring.spends and monitoring.reestimation is None


def bounds_at(monitoring: Monitoring, fraction: Floats, *, last: bool) -> SequentialDesign:
    """Return the bounds of looks at these shares of the planned information.

    Error spending follows the looks; bounds fixed beforehand are those of the plan, in its order.
    """
    plan, shape = monitoring.plan(), monitoring.shape()
    if follows(monitoring) and isinstance(shape, Spending):
        beta = monitoring.beta_spending()
        return bounds_as_came(plan, shape, fraction, futility=beta, last=last)
    looks = min(fraction.size, plan.looks)
    if last and looks < plan.looks:
        return spend_rest(plan, fraction)
    lower, upper = np.asarray(plan.lower[:looks]), np.asarray(plan.upper[:looks])
    return with_bounds(plan, fraction[:looks], lower, upper)


def _is_last(plan: SequentialDesign, fraction: Floats, look: int) -> bool:
    """Say whether a look ends the trial by plan, whatever it shows."""
    by_number = look + 1 == plan.looks and fraction[look] >= 1 - TOLERANCE
    return bool(by_number or fraction[look] >= 1 - 1e-9)


def _first_crossing(
    bounds: SequentialDesign, z: Floats, *, last: bool
) -> tuple[int | None, Why | None]:
    """Return the first look that must stop the trial, and through which bound.

    The last look, if it is ``last``, has one bound: short of it the trial is at its end.
    """
    for k in range(bounds.looks):
        if z[k] >= bounds.upper[k]:
            return k, "efficacy"
        if bounds.sides == 2 and z[k] <= bounds.lower[k]:
            return k, "harm"
        interim = k + 1 < bounds.looks or not last
        if bounds.sides == 1 and bounds.binding and interim and z[k] < bounds.lower[k]:
            return k, "futility"
    return None, None


def _check_times(
    plan: SequentialDesign, course: Course, taken: Taken, until: int, last: bool
) -> None:
    """Refuse looks that bounds fixed beforehand do not know; one that ends the trial may be any."""
    for k in range(until + 1 - last):
        planned = plan.information_rates[k]
        if abs(course.fraction[k] - planned) > TOLERANCE:
            problem = (
                f"look {k + 1} came at {course.fraction[k]:.3f} of the planned {course.clock}, "
                f"planned at {planned:.3f}; this plan fixes its looks beforehand"
            )
            cure = (
                f"looks may be off by {TOLERANCE:g}; only error spending by a function (OF, "
                "Pocock, HSD, KD), without re-estimation, follows looks that come otherwise"
            )
            raise taken.fault(k, "", problem, cure)


def _with_over_run(standing: Standing, taken: Taken, wanted: bool) -> Standing:
    """Take the look after the stop for what it is, or refuse it."""
    stop = standing.stop
    after = 0 if stop is None else taken.looks - 1 - stop
    if wanted and after == 0:
        problem = "no look follows the end of the trial"
        raise InputError.of("overrunning", "", problem, "leave it out")
    if after == 0 or stop is None:
        return standing
    problem = f"look {stop + 2} follows the end of the trial at look {stop + 1} ({standing.why})"
    if not wanted:
        cure = "leave it out, or say `overrunning` if its data came in after the decision"
        raise taken.fault(stop + 1, "", problem, cure)
    if after > 1:
        cure = "give one look of all data that came in after the decision"
        raise taken.fault(stop + 2, "", f"{after} looks follow the end of the trial", cure)
    return Standing(standing.bounds, stop, standing.why, standing.last, stop + 1)
