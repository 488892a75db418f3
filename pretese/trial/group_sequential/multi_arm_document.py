"""A plan of several treatments against one control as plain values, with its sample size."""

from typing import Any

import numpy as np
from scipy.special import ndtr

from estimate.core.arrays import Bools, Floats, Ints
from estimate.multi_arm.plan import Behaviour, MultiArmPlan, plan_multi_arm
from estimate.performance.measures import proportion_mcse
from estimate.sample_size.exact_sequential import exact_sequential
from estimate.sequential.boundary_shapes import WangTsiatis
from pretese.trial.group_sequential.boundary_choice import WHERE
from protocol.errors import InputError

#: Number of simulated trials (counts) with several analyses, and their seed.
REPLICATES, SEED = 100_000, 1

#: In place of minus infinity where trials are enumerated.
NO_BOUNDARY = -40.0

#: Version of the JSON document.
SCHEMA = "pretese/multi-arm/1"


def describe_multi_arm(plan: MultiArmPlan, power: float) -> dict[str, Any]:
    """Return a plan as plain values; infinite boundaries become None.

    Operating characteristics are given with no, one and all treatments effective, at the drift at
    which a single effective treatment is found with ``power``.
    """
    drift = plan.drift_for(power)
    cases = {"none": 0, "one": 1, "all": plan.arms}
    found = {
        words: plan.behaviour([drift] * working + [0.0] * (plan.arms - working))
        for words, working in cases.items()
    }
    return {
        "schema": SCHEMA,
        "name": plan.name,
        "treatment_arms": plan.arms,
        "allocation_ratio": plan.ratio,
        "alpha": plan.alpha,
        "sides": plan.sides,
        "power": power,
        "binding": plan.binding,
        "analyses": [_row(plan, k) for k in range(len(plan.upper))],
        "step_down": _step_down(plan),
        "type_i_error": plan.error(),
        "drift": drift,
        "scenarios": [
            {"treatments_that_work": words, **_behaviour(each)} for words, each in found.items()
        ],
    }


def _step_down(plan: MultiArmPlan) -> list[float] | None:
    """Return the boundaries of closed testing by number of hypotheses left; one analysis only."""
    if len(plan.upper) > 1:
        return None
    return [
        plan_multi_arm(
            [1.0], WangTsiatis(0.0), left, ratio=plan.ratio, alpha=plan.alpha, sides=plan.sides
        ).upper[0]
        for left in range(plan.arms, 0, -1)
    ]


def _row(plan: MultiArmPlan, k: int) -> dict[str, Any]:
    lower = plan.lower[k] if k + 1 < len(plan.lower) else -np.inf
    return {
        "analysis": k + 1,
        "information_rate": plan.information_rates[k],
        "upper": plan.upper[k],
        "lower": float(lower) if np.isfinite(lower) else None,
        "nominal_p": plan.sides * float(ndtr(-plan.upper[k])),
    }


def _behaviour(found: Behaviour) -> dict[str, Any]:
    return {
        "any_rejection": found.any_rejection,
        "all_rejections": found.all_rejections,
        "rejects_first_treatment": found.rejects[0].tolist(),
        "drops_first_treatment": found.dropped[0, :-1].tolist(),
        "expected_control": found.expected_control,
        "expected_treatment_arms": found.expected_arm.tolist(),
        "expected_until_first_rejection": found.expected_until_first,
    }


def describe_multi_arm_size(
    plan: MultiArmPlan, treated: float, control: float, power: float
) -> dict[str, Any]:
    """Return participants of each arm, with power and family-wise error of the counts.

    Sizes are a normal approximation. Power is exact for the pooled z test: whether one treatment is
    rejected depends on its own counts and those of the control. The family-wise error is exact with
    one analysis, and that of simulated counts with several.
    """
    if treated <= control:
        problem = "the treatment has no more events than control"
        raise InputError.of(WHERE, "treated_risk", problem, "give a risk above that of control")
    drift, last = plan.drift_for(power), plan.upper[-1]
    r, both = plan.ratio, (plan.ratio * treated + control) / (plan.ratio + 1)
    null_sd = np.sqrt(both * (1 - both) * (1 + 1 / r))
    sd = np.sqrt(treated * (1 - treated) / r + control * (1 - control))
    most = ((last * null_sd + (drift - last) * sd) / (treated - control)) ** 2
    whole = np.asarray(plan.information_rates) * most
    arms = np.stack([np.ceil(whole - 1e-9), np.ceil(whole * r - 1e-9)], -1).astype(np.int64)
    if (np.diff(arms, axis=0, prepend=0) < 1).any():
        problem = f"analyses at {arms[:, 0].tolist()} participants of the control coincide"
        raise InputError.of(WHERE, "information", problem, "plan fewer analyses")
    return {
        "treated": treated,
        "control": control,
        "control_at_analysis": arms[:, 0].tolist(),
        "per_treatment_arm_at_analysis": arms[:, 1].tolist(),
        "in_all": int(arms[-1, 0] + plan.arms * arms[-1, 1]),
        "method": "exact"
        if len(arms) == 1
        else f"power exact, error simulated ({REPLICATES:,} trials)",
        "power": {"value": _power_of_one(plan, arms, treated, control), "mcse": 0.0},
        "type_i_error": _familywise_error(plan, arms, control),
    }


def _power_of_one(plan: MultiArmPlan, arms: Ints, treated: float, control: float) -> float:
    """Return the exact probability of rejecting one treatment with the risk ``treated``."""
    lower = np.append(plan.lower[:-1], -np.inf)
    found = exact_sequential(
        arms[:, 1], arms[:, 0], plan.upper, treated, control, sides=plan.sides,
        lower=None if plan.sides == 2 else np.maximum(lower, NO_BOUNDARY),
    )  # fmt: skip
    return float(found.power)


def _familywise_error(plan: MultiArmPlan, arms: Ints, control: float) -> dict[str, float]:
    """Return the probability of rejecting any of the treatments if all have the control's risk."""
    if len(arms) == 1:
        return {"value": _exact_error(plan, arms[0], control), "mcse": 0.0}
    random = np.random.default_rng(SEED)
    new = np.diff(arms, axis=0, prepend=0)
    x0 = random.binomial(new[:, 0], control, (REPLICATES, len(arms))).cumsum(1)
    rejected = np.zeros(REPLICATES, bool)
    for _ in range(plan.arms):
        x1 = random.binomial(new[:, 1], control, (REPLICATES, len(arms))).cumsum(1)
        rejected |= _rejects(plan, _z(x1, arms[:, 1], x0, arms[:, 0]))
    return _share(rejected)


def _exact_error(plan: MultiArmPlan, arms: Ints, control: float) -> float:
    """Enumerate the counts of one analysis: treatments are independent given the control."""
    from estimate.comparison.exact.binomial_tables import binomial_masses

    n0, n1 = int(arms[0]), int(arms[1])
    z = _z(np.arange(n1 + 1)[:, None], n1, np.arange(n0 + 1)[None, :], n0)
    beyond = (np.abs(z) if plan.sides == 2 else z) >= plan.upper[0] - 1e-10
    none = (1 - binomial_masses(n1, control) @ beyond) ** plan.arms
    return float(1 - binomial_masses(n0, control) @ none)


def _rejects(plan: MultiArmPlan, z: Floats) -> Bools:
    """Return (replicate,) whether an arm is rejected before it is dropped."""
    upper, lower = np.asarray(plan.upper), np.append(plan.lower[:-1], -np.inf)
    up = (np.abs(z) if plan.sides == 2 else z) >= upper
    down = np.zeros_like(up) if plan.sides == 2 else z < lower
    first = (up | down).argmax(1)
    return np.asarray(np.take_along_axis(up, first[:, None], 1)[:, 0])


def _z(x1: Ints, n1: Ints | int, x0: Ints, n0: Ints | int) -> Floats:
    pooled = (x1 + x0) / (n1 + n0)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n0)
    gap = x1 / n1 - x0 / n0
    return np.divide(gap, np.sqrt(variance), out=np.zeros_like(gap), where=variance > 0)


def _share(hits: Bools) -> dict[str, float]:
    share = float(hits.mean())
    return {"value": share, "mcse": float(proportion_mcse(share, hits.size))}
