"""An ongoing trial as plain values: analyses, status, final inference."""

from typing import Any

import numpy as np

from estimate.core.arrays import Floats
from estimate.sequential.delayed.decision_analysis import critical_decision
from pretese.trial.monitoring.boundaries_observed import TrialStatus, boundaries_at
from pretese.trial.monitoring.cautions import remarks_of
from pretese.trial.monitoring.conditional_power import (
    Assumed,
    FuturePower,
    planned_analyses_left,
    power_from,
)
from pretese.trial.monitoring.final_inference import (
    Limits,
    final_analysis,
    level_of,
    naive_analysis,
    repeated_interval_of,
    repeated_p_of,
)
from pretese.trial.monitoring.ongoing_trial import Monitored
from pretese.trial.monitoring.reestimated_stages import new_sizes

#: z of a one-sided plan at or below which the data favour control at one-sided 2.5 %.
HARM = -1.96


def monitoring_document(trial: Monitored) -> dict[str, Any]:
    """Return an ongoing trial as plain values; None where unknown or infinite."""
    design, plan, statistics = trial.design, trial.design.monitoring.plan(), trial.statistics
    stop = trial.status.stop
    judged = statistics.fraction.size if stop is None else stop + 1
    return {
        "id": design.id,
        "title": design.title,
        "endpoint": design.endpoint.label,
        "estimand": str(design.estimand),
        "analysis_method": design.analysis.method,
        "hypothesis": design.analysis.hypothesis_words,
        "plan": {
            "name": plan.name,
            "alpha": plan.alpha,
            "sides": plan.sides,
            "binding": plan.binding,
            "analyses": [_planned(trial, k) for k in range(plan.analyses)],
        },
        "scale": statistics.scale,
        "statistic": _statistic_words(trial),
        "information_unit": statistics.information_unit,
        "planned": statistics.planned,
        "level": level_of(plan),
        "analyses": [_analysis(trial, k) for k in range(judged)],
        "state": _state(trial.status),
        "next": _next(trial) if stop is None else None,
        "resized": _resized(trial),
        "final": None if stop is None else _final(trial, list(range(stop + 1))),
        "overrunning": _overrunning(trial),
        "remarks": list(remarks_of(trial)),
    }


def _statistic_words(trial: Monitored) -> str:
    if not trial.statistics.by_counts:
        return "estimate / std_error"
    if trial.design.analysis.exact:
        return "normal quantile of an exact p-value"
    return "score statistic of counts"


def _planned(trial: Monitored, k: int) -> dict[str, Any]:
    plan = trial.design.monitoring.plan()
    participants = trial.design.analyses_at(trial.design.participants)[k]
    return {
        "analysis": k + 1,
        "participants": participants,
        "fraction": plan.information_rates[k],
    } | _boundaries(plan.lower[k], plan.upper[k])


def _analysis(trial: Monitored, k: int) -> dict[str, Any]:
    statistics, status, monitoring = trial.statistics, trial.status, trial.design.monitoring
    plan, last = monitoring.plan(), status.last and k == status.stop
    there = k < plan.analyses
    boundary = status.boundaries.upper[k]
    limits = repeated_interval_of(trial.design, statistics, trial.interim, k, boundary)
    return {
        "analysis": k + 1,
        "row": trial.interim.rows[k],
        "participants": None
        if statistics.participants is None
        else int(statistics.participants[k]),
        "fraction": float(statistics.fraction[k]),
        "planned_fraction": plan.information_rates[k] if there else None,
        "planned_boundaries": _boundaries(plan.lower[k], plan.upper[k]) if there else None,
        "boundaries": _boundaries(status.boundaries.lower[k], status.boundaries.upper[k]),
        "alpha_spent": float(status.boundaries.alpha_spent()[k]),
        "estimate": float(statistics.estimate[k]),
        "std_error": float(statistics.std_error[k]),
        "z": float(statistics.z[k]),
        "recommendation": _recommendation(
            status, k, _z_of_harm(trial, k), waits=monitoring.decision_analysis is not None
        ),
        "repeated": {
            **_limits(limits),
            "p_value": repeated_p_of(monitoring, statistics, k, last=last),
        },
        "future_power": None if k == status.stop else _future(_seen_from(trial, k)),
    }


def _seen_from(trial: Monitored, k: int) -> FuturePower:
    return power_from(
        Assumed(trial.design, trial.asked.risks),
        trial.statistics,
        trial.interim,
        k,
        trial.asked.shares,
    )


def _state(status: TrialStatus) -> dict[str, Any]:
    return {
        "stopped": status.stop is not None,
        "analysis": None if status.stop is None else status.stop + 1,
        "reason": status.reason,
        "rejected": status.rejected,
        "all_error_spent": status.last,
    }


def _next(trial: Monitored) -> dict[str, Any]:
    """Return the boundary of the next analysis if it takes place as planned."""
    monitoring, seen = trial.design.monitoring, trial.statistics.fraction
    coming = planned_analyses_left(monitoring.plan(), seen)
    rates: Floats = np.concatenate([seen, coming])
    boundaries, k = boundaries_at(monitoring, rates, last=False), seen.size
    amount, sizes = (
        float(rates[k] * trial.statistics.planned),
        new_sizes(trial.design, trial.statistics.z),
    )
    if sizes is not None:
        amount = float(sizes[k] * trial.statistics.planned / trial.design.participants)
    return {
        "analysis": k + 1,
        "fraction": float(rates[k]),
        trial.statistics.information_unit: amount,
        "last": coming.size == 1,
    } | _boundaries(boundaries.lower[k], boundaries.upper[k])


def _resized(trial: Monitored) -> dict[str, Any] | None:
    """Return the re-estimated sample sizes at each analysis."""
    rule, stop = trial.design.monitoring.reestimation, trial.status.stop
    sizes = new_sizes(trial.design, trial.statistics.z)
    if rule is None or sizes is None or (stop is not None and stop < rule.at_analysis):
        return None
    planned = trial.design.analyses_at(trial.design.participants)
    return {
        "at_analysis": rule.at_analysis,
        "planned": list(planned),
        "participants": sizes.tolist(),
    }


def _final(trial: Monitored, analyses: list[int]) -> dict[str, Any] | None:
    found = final_analysis(trial.design, trial.status, trial.statistics, trial.interim, analyses)
    naive = naive_analysis(trial.design, trial.statistics, trial.interim, analyses[-1])
    if found is None or naive is None:
        return None
    return {
        "analyses": [k + 1 for k in analyses],
        "p_value": found.p_value,
        "median_unbiased": found.median_unbiased,
        "conf_low": found.conf_low,
        "conf_high": found.conf_high,
        "naive": {
            "estimate": naive.estimate,
            "conf_low": naive.conf_low,
            "conf_high": naive.conf_high,
            "p_value": naive.p_value,
        },
    }


def _overrunning(trial: Monitored) -> dict[str, Any] | None:
    """Return the data that arrived after the stop, and their analysis by the deletion method."""
    status, statistics = trial.status, trial.statistics
    k = status.overrunning
    if k is None or status.stop is None:
        return None
    return {
        "row": trial.interim.rows[k],
        "participants": None
        if statistics.participants is None
        else int(statistics.participants[k]),
        "fraction": float(statistics.fraction[k]),
        "estimate": float(statistics.estimate[k]),
        "std_error": float(statistics.std_error[k]),
        "z": float(statistics.z[k]),
        "final": _final(trial, [*range(status.stop), k]),
        "decision": _decision(trial, status.stop, k),
    }


def _decision(trial: Monitored, stop: int, late: int) -> dict[str, Any] | None:
    """Return the decision analysis with the participants awaited; None unless it is planned."""
    rule, boundaries = trial.design.monitoring.decision_analysis, trial.status.boundaries
    if rule is None or trial.status.last:
        return None
    seen, now = (float(trial.statistics.fraction[k]) for k in (stop, late))
    rate = now * boundaries.information_rates[stop] / seen
    critical = critical_decision(boundaries, stop + 1, rate, rule)
    z, before = float(trial.statistics.z[late]), float(trial.statistics.z[stop])
    same_side = boundaries.sides == 1 or z * before > 0
    beyond = abs(z) >= critical if boundaries.sides == 2 else z >= critical
    return {"critical_z": _finite(critical), "rejects": bool(beyond and same_side)}


def _future(found: FuturePower) -> dict[str, Any]:
    return {
        "planned": [
            {"effect_percent": 100 * share, "power": power}
            for share, power in found.planned.items()
        ],
        "observed": found.observed,
        "no_effect": found.none,
        "predictive_flat": found.flat,
        "predictive_prior": found.prior,
    }


def _z_of_harm(trial: Monitored, k: int) -> float:
    """Return the statistic; for equivalence one that does not indicate harm."""
    one = len(trial.design.analysis.nulls) == 1
    return float(trial.statistics.z[k]) if one else float(np.nan)


def _recommendation(status: TrialStatus, k: int, z: float, *, waits: bool) -> str:
    """Return the recommendation at an analysis."""
    low = status.boundaries.lower[k]
    if k == status.stop and waits and not status.last:
        crossed = {"futility": "futility", "harm boundary": "harm"}.get(
            status.reason or "", "efficacy"
        )
        return f"stop recruitment ({crossed} boundary); decide with those awaited"
    if k == status.stop:
        return {
            "efficacy": "final analysis: reject" if status.last else "stop for efficacy: reject",
            "harm": f"{'final analysis' if status.last else 'stop'}: reject in favour of control",
            "futility": "stop for futility",
            "harm boundary": "stop: harm boundary crossed",
            "end": "final analysis: do not reject",
        }[status.reason or "end"]
    if status.boundaries.sides == 1 and z < low:
        return "futility boundary crossed (non-binding): stop or continue"
    if status.boundaries.sides == 1 and z <= HARM:
        return "continue; the data favour control, consider stopping for harm"
    return "continue"


def _boundaries(lower: float, upper: float) -> dict[str, float | None]:
    return {"lower": _finite(lower), "upper": _finite(upper)}


def _limits(limits: Limits | None) -> dict[str, float | None]:
    low, high = limits or (np.inf, np.inf)
    return {"conf_low": _finite(low), "conf_high": _finite(high)}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
