"""Boundaries at the observed information fractions, and whether one has been crossed."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from estimate.core.arrays import Floats
from estimate.sequential.design import SequentialDesign
from estimate.sequential.observed_boundaries import (
    boundaries_as_observed,
    spend_rest,
    with_boundaries,
)
from estimate.sequential.spending import Spending
from pretese.trial.design.interim import Monitoring
from pretese.trial.monitoring.current_status import InterimStatistics
from pretese.trial.monitoring.interim_data import InterimData
from protocol.errors import InputError

#: Largest distance of an analysis from its planned information fraction if boundaries are fixed
#: beforehand; also the distance from 1 at which the last planned analysis is final.
TOLERANCE = 0.02

Reason = Literal["efficacy", "harm", "futility", "harm boundary", "end"]


@dataclass(frozen=True, slots=True)
class TrialStatus:
    """Boundaries of the observed analyses, and the end of the trial if it has ended.

    Attributes
    ----------
    boundaries
        The design at the observed analyses: a boundary for every analysis up to ``stop``, or for
        all.
    stop
        Analysis at which the trial ended, counted from 0; None while it continues.
    why
        Reason: a boundary, or the end of the plan; None while it continues.
    last
        Whether all remaining alpha has been spent at ``stop``.
    overrunning
        Analysis with data that arrived after the decision; None without one.
    """

    boundaries: SequentialDesign
    stop: int | None
    reason: Reason | None
    last: bool
    overrunning: int | None

    @property
    def rejected(self) -> bool:
        """Whether the null hypothesis is rejected, in either direction."""
        return self.reason in ("efficacy", "harm")


def compare_with_boundaries(
    monitoring: Monitoring,
    statistics: InterimStatistics,
    interim: InterimData,
    *,
    final: bool,
    overrunning: bool,
) -> TrialStatus:
    """Compare the statistic of every analysis with its boundary.

    Parameters
    ----------
    ended
        Whether the last analysis is the final one although more were planned: all remaining alpha
        is then spent there, unless the trial ended at a futility boundary.
    overrunning
        Whether the last analysis contains data that arrived after the trial had stopped.

    Raises
    ------
    InputError
        An analysis follows the end of the trial, or an information fraction differs from the plan
        although boundaries are fixed beforehand.
    """
    plan, fraction = monitoring.plan(), statistics.fraction
    finals = [k for k in range(fraction.size) if _is_last(plan, fraction, k)]
    most = fraction.size if follows(monitoring) else min(fraction.size, plan.analyses)
    end = finals[0] if finals else most - 1
    boundaries = boundaries_at(monitoring, fraction[: end + 1], last=bool(finals))
    stop, why = _first_crossing(boundaries, statistics.z, last=bool(finals))
    if stop is None and not finals and final and end + 1 == fraction.size:
        if statistics.z[end] < boundaries.lower[end] and plan.sides == 1:
            stop, why = end, "futility"
        else:
            boundaries, finals = boundaries_at(monitoring, fraction, last=True), [end]
            stop, why = _first_crossing(boundaries, statistics.z, last=True)
    if stop is None and finals:
        stop, why = end, "end"
    last = stop == end and bool(finals)
    if not follows(monitoring):
        _check_times(plan, statistics, interim, end if stop is None else stop, last)
    status = TrialStatus(boundaries, stop, why, last, None)
    return _with_overrunning(status, interim, overrunning)


def follows(monitoring: Monitoring) -> bool:
    """Whether the boundaries are recomputed at the observed information fractions.

    They are not after re-estimation, whose weights and boundaries are those of the plan.
    """
    return monitoring.spends and monitoring.reestimation is None


def boundaries_at(monitoring: Monitoring, fraction: Floats, *, last: bool) -> SequentialDesign:
    """Return the boundaries of analyses at these information fractions.

    Spending functions use the observed fractions; boundaries fixed beforehand are those of the
    plan, in its order.
    """
    plan, shape = monitoring.plan(), monitoring.shape()
    if follows(monitoring) and isinstance(shape, Spending):
        beta = monitoring.beta_spending()
        return boundaries_as_observed(
            plan, shape, fraction, futility=beta, last=last, harm=monitoring.harm_spending(),
            efficacy_at=monitoring.efficacy_at, futility_at=monitoring.futility_at,
        )  # fmt: skip
    analyses = min(fraction.size, plan.analyses)
    if last and analyses < plan.analyses:
        return spend_rest(plan, fraction)
    lower, upper = np.asarray(plan.lower[:analyses]), np.asarray(plan.upper[:analyses])
    return with_boundaries(plan, fraction[:analyses], lower, upper)


def _is_last(plan: SequentialDesign, fraction: Floats, analysis: int) -> bool:
    """Return whether an analysis is the planned final one."""
    by_number = analysis + 1 == plan.analyses and fraction[analysis] >= 1 - TOLERANCE
    return bool(by_number or fraction[analysis] >= 1 - 1e-9)


def _first_crossing(
    boundaries: SequentialDesign, z: Floats, *, last: bool
) -> tuple[int | None, Reason | None]:
    """Return the first analysis at which the trial must stop, and why.

    A final analysis (``last``) has one boundary, and the trial ends there in any case.
    """
    for k in range(boundaries.analyses):
        if z[k] >= boundaries.upper[k]:
            return k, "efficacy"
        if boundaries.sides == 2 and z[k] <= boundaries.lower[k]:
            return k, "harm"
        interim = k + 1 < boundaries.analyses or not last
        if interim and k < len(boundaries.harm) and z[k] < boundaries.harm[k]:
            return k, "harm boundary"
        if boundaries.sides == 1 and boundaries.binding and interim and z[k] < boundaries.lower[k]:
            return k, "futility"
    return None, None


def _check_times(
    plan: SequentialDesign,
    statistics: InterimStatistics,
    interim: InterimData,
    until: int,
    last: bool,
) -> None:
    """Refuse analyses that are not at their planned fraction if boundaries are fixed beforehand."""
    for k in range(until + 1 - last):
        planned = plan.information_rates[k]
        if abs(statistics.fraction[k] - planned) > TOLERANCE:
            problem = (
                f"analysis {k + 1} has information fraction {statistics.fraction[k]:.3f}, planned "
                f"{planned:.3f}; the boundaries are fixed beforehand"
            )
            cure = (
                f"keep analyses within {TOLERANCE:g} of the plan, or plan error spending (OF, "
                "Pocock, HSD or KD) without re-estimation, which follows other fractions"
            )
            raise interim.fault(k, "", problem, cure)


def _with_overrunning(status: TrialStatus, interim: InterimData, wanted: bool) -> TrialStatus:
    """Accept or refuse an analysis after the trial has stopped."""
    stop = status.stop
    after = 0 if stop is None else interim.analyses - 1 - stop
    if wanted and after == 0:
        problem = "no analysis follows the end of the trial"
        raise InputError.of("overrunning", "", problem, "leave it out")
    if after == 0 or stop is None:
        return status
    problem = (
        f"analysis {stop + 2} follows the end of the trial at analysis {stop + 1} ({status.reason})"
    )
    if not wanted:
        cure = "remove it, or give `overrunning` if its data arrived after the decision"
        raise interim.fault(stop + 1, "", problem, cure)
    if after > 1:
        cure = "give one row with all data that arrived after the decision"
        raise interim.fault(stop + 2, "", f"{after} analyses follow the end of the trial", cure)
    return TrialStatus(status.boundaries, stop, status.reason, status.last, stop + 1)
