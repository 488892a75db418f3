"""An ongoing trial of several arms as plain values: analyses, comparisons, what follows."""

from typing import Any

import numpy as np
from scipy.special import ndtri

from estimate.multi_arm.local_tests import NEVER
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.monitoring.adjusted_inference import (
    Limits,
    adjusted_p,
    naive_p,
    score_limits,
    simultaneous_interval,
)
from pretese.trial.multi_arm.monitoring.arm_boundaries import (
    REASONS,
    ArmAnalysis,
    MonitoredArms,
    needed_sets,
)
from pretese.trial.multi_arm.monitoring.arm_remarks import arm_remarks, own_fraction
from pretese.trial.multi_arm.monitoring.future_power import (
    FuturePowers,
    RejectionProbability,
    future_powers,
)
from pretese.trial.multi_arm.monitoring.later_analyses import LaterAnalyses

#: Version of the JSON document.
ARMS_MONITOR_SCHEMA = "pretese/multi-arm-monitor/1"

#: z at or below which the data favour control at one-sided 2.5 %.
HARM = -1.96

_ACTIONS = {
    "efficacy": "stop for efficacy: reject",
    "futility": "drop: below the futility boundary",
    "harm boundary": "drop: harm boundary crossed",
    "selection": "drop: not selected",
    "end": "final analysis: do not reject",
    "first success": "stop: the trial ends with its first success",
}


def arms_document(trial: MonitoredArms) -> dict[str, Any]:
    """Return an ongoing trial as plain values; None where unknown or infinite."""
    design = trial.design
    plan = design.monitoring
    return {
        "schema": ARMS_MONITOR_SCHEMA,
        "id": design.id,
        "title": design.title,
        "endpoint": design.endpoint.label,
        "analysis_method": design.analysis.method,
        "procedure": design.testing.procedure,
        "plan": {
            "efficacy": plan.efficacy,
            "alpha": plan.alpha_percent / 100,
            "sides": plan.sides,
            "control": design.names[0],
            "treatments": list(design.treatments),
            "analyses": [_planned(design, k) for k in range(len(design.rates))],
        },
        "scale": trial.statistics.scale,
        "planned": _by_arm(design, trial.statistics.planned),
        "level": 1 - 2 * design.alpha,
        "analyses": [_analysis(trial, k) for k in range(len(trial.analyses))],
        "state": _state(trial),
        "next": None if trial.stop is not None else _next(trial),
        "overrunning": _overrunning(trial),
        "remarks": list(arm_remarks(trial)),
    }


def _by_arm(design: MultiArmDesign, values: Any) -> list[dict[str, Any]]:
    return [
        {"arm": name, "participants": float(value)}
        for name, value in zip(design.names, values, strict=True)
    ]


def _planned(design: MultiArmDesign, k: int) -> dict[str, Any]:
    """Return a planned analysis with the boundary of all treatments together."""
    first = np.flatnonzero((design.tests.step == 0).all(1))[0]
    combination = design.combination()
    if combination is not None:
        boundary = float(combination.upper[k])
    else:
        critical = design.tests.critical[first, :, k]
        boundary = float(critical.min())
    harm = design.harm_z()
    return {
        "analysis": k + 1,
        "participants": design.analyses_at(design.participants)[k],
        "fraction": design.rates[k],
        "boundary": boundary,
        "harm_boundary": _finite(harm[k]) if k < len(harm) else None,
    }


def _analysis(trial: MonitoredArms, k: int) -> dict[str, Any]:
    row = trial.analyses[k]
    view = None if not _continues(row) else LaterAnalyses(trial, k)
    future = None if view is None else future_powers(view, trial.asked.shares)
    return {
        "analysis": k + 1,
        "row": trial.data.rows[k],
        "participants": int(trial.data.participants[k].sum()),
        "fraction": row.observed.fractions[-1],
        "planned_fraction": trial.design.rates[k] if k < len(trial.design.rates) else None,
        "last": row.observed.last,
        "harm_boundary": None if row.observed.last else _finite(row.harm),
        "comparisons": [
            _comparison(trial, k, arm, future) for arm in np.flatnonzero(row.tested).tolist()
        ],
    }


def _continues(row: ArmAnalysis) -> bool:
    return bool((row.tested & (row.reason == 0)).any())


def _comparison(
    trial: MonitoredArms, k: int, arm: int, future: FuturePowers | None
) -> dict[str, Any]:
    row, data, statistics = trial.analyses[k], trial.data, trial.statistics
    continues = future is not None and row.reason[arm] == 0
    events = None if data.events is None else data.events[k]
    return {
        "comparison": trial.design.treatments[arm],
        "control_events": None if events is None else int(events[0]),
        "control_participants": int(data.participants[k, 0]),
        "treated_events": None if events is None else int(events[arm + 1]),
        "treated_participants": int(data.participants[k, arm + 1]),
        "fraction": own_fraction(trial, k, arm),
        "estimate": float(statistics.estimate[k, arm]),
        "std_error": float(statistics.std_error[k, arm]),
        "z": float(statistics.z[k, arm]),
        "statistic": _finite(row.statistic[arm]),
        "boundary": _finite(row.boundary[arm]),
        "rejected": bool(row.rejected[arm]),
        "recommendation": _recommendation(trial, k, arm),
        "adjusted": {
            "p_value": adjusted_p(trial, k, arm),
            **_limits(simultaneous_interval(trial, k, arm)),
        },
        "future_power": _future(future, arm) if future is not None and continues else None,
    }  # fmt: skip


def _recommendation(trial: MonitoredArms, k: int, arm: int) -> str:
    row = trial.analyses[k]
    reason = REASONS.get(int(row.reason[arm]))
    if reason == "efficacy" and row.observed.last:
        return "final analysis: reject"
    if reason is not None:
        return _ACTIONS[reason]
    if row.overruled[arm]:
        return "continued, although a rule drops it"
    if trial.statistics.z[k, arm] <= HARM:
        return "continue; the data favour control, consider stopping for harm"
    return "continue"


def _future(found: FuturePowers, arm: int) -> dict[str, Any]:
    return {
        "planned": [
            {"effect_percent": 100 * share, **_probability(each, arm)}
            for share, each in found.planned.items()
        ],
        "observed": _probability(found.observed, arm),
        "no_effect": _probability(found.none, arm),
        "predictive_flat": _probability(found.flat, arm),
    }


def _probability(found: RejectionProbability, arm: int) -> dict[str, Any]:
    return {
        "power": float(found.value[arm]),
        "mcse": None if found.mcse is None else float(found.mcse[arm]),
        "power_method": found.method,
    }


def _state(trial: MonitoredArms) -> dict[str, Any]:
    return {
        "stopped": trial.stop is not None,
        "analysis": None if trial.stop is None else trial.stop + 1,
        "all_error_spent": trial.analyses[-1].observed.last,
        "comparisons": [_ended(trial, arm) for arm in range(len(trial.design.treatments))],
    }


def _ended(trial: MonitoredArms, arm: int) -> dict[str, Any]:
    """Return whether a comparison has ended, and its result if it has."""
    reason = REASONS.get(int(trial.reason[arm]))
    end = int(trial.ended_at[arm])
    found = {
        "comparison": trial.design.treatments[arm],
        "ended": reason is not None,
        "analysis": None if reason is None else end + 1,
        "reason": reason,
        "rejected": bool(trial.decisions.rejected[0, arm, 0]),
        "p_value": None,
        "naive": None,
    }
    if reason is None:
        return found
    found["p_value"] = adjusted_p(trial, len(trial.analyses) - 1, arm)
    if trial.statistics.std_error[end, arm] > 0:
        found["naive"] = {
            **_limits(score_limits(trial, end, arm, -float(ndtri(trial.design.alpha)))),
            "p_value": naive_p(trial, end, arm),
        }
    return found


def _next(trial: MonitoredArms) -> dict[str, Any]:
    """Return the next analysis if it takes place as planned: sizes and boundaries."""
    k = len(trial.analyses) - 1
    view = LaterAnalyses(trial, k)
    data = trial.data
    seen = data.participants[[k]].astype(float)
    events = seen / 2 if data.events is None else data.events[[k]].astype(float)
    new = view.next_sizes(events, seen, view.running[None], k + 1)[0]
    last = k + 2 == len(view.rates)
    return {
        "analysis": k + 2,
        "fraction": float(view.rates[k + 1]),
        "last": last,
        "participants": [
            {"arm": name, "new": int(more), "total": int(total)}
            for name, more, total in zip(
                trial.design.names, new, new + data.participants[k], strict=True
            )
        ],
        "harm_boundary": None if last else _finite(view.harm[k + 1]),
        "boundaries": [
            {"comparison": trial.design.treatments[arm], **_next_boundary(view, arm)}
            for arm in np.flatnonzero(view.running).tolist()
        ],
    }


def _next_boundary(view: LaterAnalyses, arm: int) -> dict[str, float | None]:
    """Return boundaries of a treatment: while no other is rejected, and when all others are."""
    k = view.analysis + 1
    combination = view.design.combination()
    if combination is not None:
        boundary = float(combination.upper[k])
        return {"boundary": boundary, "boundary_after_others": boundary}
    tests, before = view.tests, view.row.crossed
    nobody = np.full(view.running.size, np.nan)
    everybody = np.where(view.running, 1e8, np.nan)
    found = [
        tests.critical[needed_sets(tests, arm, z, k, before), arm, k].max(initial=-np.inf)
        for z in (nobody, everybody)
    ]
    first, after = (None if abs(each) >= NEVER else _finite(each) for each in found)
    return {"boundary": first, "boundary_after_others": after}


def _overrunning(trial: MonitoredArms) -> dict[str, Any] | None:
    """Return data that arrived after treatments, or the trial, had ended; None without any."""
    last = trial.data.analyses - 1
    after_stop = trial.stop is not None and last > trial.stop
    late = [
        _late(trial, arm, last, compares=after_stop)
        for arm, (end, reason) in enumerate(zip(trial.ended_at, trial.reason, strict=True))
        if reason and trial.data.participants[last, arm + 1] > trial.data.participants[end, arm + 1]
    ]
    if not late and not after_stop:
        return None
    return {"row": trial.data.rows[last], "comparisons": late}


def _late(trial: MonitoredArms, arm: int, k: int, *, compares: bool) -> dict[str, Any]:
    """Return the data of an ended treatment at the last row.

    They are compared with the control only if both ended together: later participants of the
    control are not concurrent.
    """
    data, statistics, end = trial.data, trial.statistics, int(trial.ended_at[arm])
    concurrent = compares and end == trial.stop
    events = None if data.events is None else int(data.events[k, arm + 1])
    return {
        "comparison": trial.design.treatments[arm],
        "treated_events": events,
        "treated_participants": int(data.participants[k, arm + 1]),
        "new": int(data.participants[k, arm + 1] - data.participants[end, arm + 1]),
        "estimate": float(statistics.estimate[k, arm]) if concurrent else None,
        "std_error": float(statistics.std_error[k, arm]) if concurrent else None,
        "z": float(statistics.z[k, arm]) if concurrent else None,
    }


def _limits(limits: Limits | None) -> dict[str, float | None]:
    low, high = limits or (np.inf, np.inf)
    return {"conf_low": _finite(low), "conf_high": _finite(high)}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
