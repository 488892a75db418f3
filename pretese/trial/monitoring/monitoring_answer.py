"""What a running trial says, as plain values: every look, the state, the analysis at the end."""

from typing import Any

import numpy as np

from estimate.core.arrays import Floats
from pretese.trial.monitoring.boundaries_observed import Standing, bounds_at
from pretese.trial.monitoring.cautions import remarks_of
from pretese.trial.monitoring.conditional_power import Ahead, Assumed, look_ahead, still_to_come
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


def monitoring_document(trial: Monitored) -> dict[str, Any]:
    """Return a running trial as plain values; what is not known or has no bound is None."""
    design, plan, course = trial.design, trial.design.monitoring.plan(), trial.course
    stop = trial.standing.stop
    judged = course.fraction.size if stop is None else stop + 1
    return {
        "id": design.id,
        "title": design.title,
        "endpoint": design.endpoint.label,
        "estimand": str(design.estimand),
        "analysis": design.analysis.method,
        "plan": {
            "name": plan.name,
            "alpha": plan.alpha,
            "sides": plan.sides,
            "binding": plan.binding,
            "looks": [_planned(trial, k) for k in range(plan.looks)],
        },
        "scale": course.scale,
        "statistic": "score z of counts" if course.by_counts else "estimate / std_error",
        "clock": course.clock,
        "planned": course.planned,
        "level": level_of(plan),
        "looks": [_look(trial, k) for k in range(judged)],
        "state": _state(trial.standing),
        "next": _next(trial) if stop is None else None,
        "resized": _resized(trial),
        "final": None if stop is None else _final(trial, list(range(stop + 1))),
        "over_run": _over_run(trial),
        "remarks": list(remarks_of(trial)),
    }


def _planned(trial: Monitored, k: int) -> dict[str, Any]:
    plan = trial.design.monitoring.plan()
    men = trial.design.looks_at(trial.design.men)[k]
    return {"look": k + 1, "men": men, "fraction": plan.information_rates[k]} | _bounds(
        plan.lower[k], plan.upper[k]
    )


def _look(trial: Monitored, k: int) -> dict[str, Any]:
    course, standing, monitoring = trial.course, trial.standing, trial.design.monitoring
    plan, last = monitoring.plan(), standing.last and k == standing.stop
    there = k < plan.looks
    bound = standing.bounds.upper[k]
    limits = repeated_interval_of(trial.design, course, trial.taken, k, bound)
    return {
        "look": k + 1,
        "row": trial.taken.rows[k],
        "men": None if course.men is None else int(course.men[k]),
        "fraction": float(course.fraction[k]),
        "planned_fraction": plan.information_rates[k] if there else None,
        "planned_bounds": _bounds(plan.lower[k], plan.upper[k]) if there else None,
        "bounds": _bounds(standing.bounds.lower[k], standing.bounds.upper[k]),
        "alpha_spent": float(standing.bounds.alpha_spent()[k]),
        "estimate": float(course.estimate[k]),
        "std_error": float(course.std_error[k]),
        "z": float(course.z[k]),
        "says": _says(standing, k, float(course.z[k])),
        "repeated": {
            **_limits(limits),
            "p_value": repeated_p_of(monitoring, course, k, last=last),
        },
        "ahead": None if k == standing.stop else _ahead(_seen_from(trial, k)),
    }


def _seen_from(trial: Monitored, k: int) -> Ahead:
    return look_ahead(Assumed(trial.design, trial.asked.risks), trial.course, k, trial.asked.shares)


def _state(standing: Standing) -> dict[str, Any]:
    return {
        "stopped": standing.stop is not None,
        "look": None if standing.stop is None else standing.stop + 1,
        "why": standing.why,
        "rejected": standing.rejected,
        "all_error_spent": standing.last,
    }


def _next(trial: Monitored) -> dict[str, Any]:
    """Return the bound of the next look, should it come as planned."""
    monitoring, seen = trial.design.monitoring, trial.course.fraction
    coming = still_to_come(monitoring.plan(), seen)
    rates: Floats = np.concatenate([seen, coming])
    bounds, k = bounds_at(monitoring, rates, last=False), seen.size
    amount, sizes = float(rates[k] * trial.course.planned), new_sizes(trial.design, trial.course.z)
    if sizes is not None:
        amount = float(sizes[k] * trial.course.planned / trial.design.men)
    return {
        "look": k + 1,
        "fraction": float(rates[k]),
        trial.course.clock: amount,
        "last": coming.size == 1,
    } | _bounds(bounds.lower[k], bounds.upper[k])


def _resized(trial: Monitored) -> dict[str, Any] | None:
    """Return the men randomised by each look as the data have chosen them."""
    rule, stop = trial.design.monitoring.reestimation, trial.standing.stop
    sizes = new_sizes(trial.design, trial.course.z)
    if rule is None or sizes is None or (stop is not None and stop < rule.at_look):
        return None
    planned = trial.design.looks_at(trial.design.men)
    return {"at_look": rule.at_look, "planned": list(planned), "men": sizes.tolist()}


def _final(trial: Monitored, looks: list[int]) -> dict[str, Any] | None:
    found = final_analysis(trial.standing, trial.course, trial.taken, looks)
    plan = trial.design.monitoring.plan()
    naive = naive_analysis(trial.course, trial.taken, looks[-1], plan)
    if found is None or naive is None:
        return None
    return {
        "looks": [k + 1 for k in looks],
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


def _over_run(trial: Monitored) -> dict[str, Any] | None:
    """Return the data that came in after the stop, and the analysis with them by deletion."""
    standing, course = trial.standing, trial.course
    k = standing.over_run
    if k is None or standing.stop is None:
        return None
    return {
        "row": trial.taken.rows[k],
        "men": None if course.men is None else int(course.men[k]),
        "fraction": float(course.fraction[k]),
        "estimate": float(course.estimate[k]),
        "std_error": float(course.std_error[k]),
        "z": float(course.z[k]),
        "final": _final(trial, [*range(standing.stop), k]),
    }


def _ahead(found: Ahead) -> dict[str, Any]:
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


def _says(standing: Standing, k: int, z: float) -> str:
    """Return what the design says to do at a look."""
    low = standing.bounds.lower[k]
    if k == standing.stop:
        end = "last look" if standing.last else "stop"
        return {
            "efficacy": f"{end}: reject" if standing.last else "stop for efficacy: reject",
            "harm": f"{end}: reject in favour of control",
            "futility": "stop for futility",
            "end": f"{end}: not rejected",
        }[standing.why or "end"]
    if standing.bounds.sides == 1 and z < low:
        return "futility bound crossed, not binding: stop, or go on"
    return "continue"


def _bounds(lower: float, upper: float) -> dict[str, float | None]:
    return {"lower": _finite(lower), "upper": _finite(upper)}


def _limits(limits: Limits | None) -> dict[str, float | None]:
    low, high = limits or (np.inf, np.inf)
    return {"conf_low": _finite(low), "conf_high": _finite(high)}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
