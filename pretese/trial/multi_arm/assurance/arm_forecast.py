"""Forecast of a trial with several arms under a prior of the effect of one treatment."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from scipy.special import expit, logit

from pretese.literature.forecast import forecast, grid_weights, success_probability
from pretese.literature.forecast_parts import ArmAssurance, Forecast
from pretese.literature.prior_source import PriorSource, prior_source
from pretese.trial.measures.expected_size import expected_under_prior
from pretese.trial.multi_arm.assurance.arm_plan import ArmPlan, arm_plan, chosen_comparison
from pretese.trial.multi_arm.assurance.closed_power import any_success, comparison_powers
from pretese.trial.multi_arm.assurance.staged_trials import staged_trials
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.design.design_parts import Dropping


def arm_forecast(
    design: MultiArmDesign, source: PriorSource, sizes: Sequence[int], main: int, pilot: int, *,
    prior_of: str | None, replicates: int, seed: int,
) -> tuple[ArmPlan, Forecast, ArmAssurance, dict[int, dict[str, Any]]]:  # fmt: skip
    """Return plan, forecast, what concerns all arms, and expected sample sizes by size.

    Parameters
    ----------
    sizes, main
        All arms together; and the one that is looked into.
    pilot
        Participants of a pilot of the treatment with the prior and the control.
    """
    plan = arm_plan(design, chosen_comparison(design, prior_of), source.control_risks)
    result = forecast(
        source.make, plan.pair, source.unknowns, sizes, main, pilot, source.without,
        powers=partial(comparison_powers, plan),
    )  # fmt: skip
    weights = grid_weights(source.prior.mixture())
    interim = _interim(plan, sizes, weights, replicates, seed)
    found = ArmAssurance(
        design.treatments[plan.comparison],
        _planned_risks(plan),
        {size: asdict(any_success(plan, size, weights)) for size in sizes},
        interim,
    )
    return plan, result, found, expected_sizes(plan, source, sizes, interim)


def _planned_risks(plan: ArmPlan) -> dict[str, float]:
    control = logit(plan.pair.control_risk)
    return {
        name: float(expit(control + odds))
        for k, (name, odds) in enumerate(zip(plan.design.treatments, plan.log_odds, strict=True))
        if k != plan.comparison
    }


def _interim(
    plan: ArmPlan, sizes: Sequence[int], weights: Any, replicates: int, seed: int
) -> tuple[dict[str, Any], ...]:
    if len(plan.design.rates) == 1 or _is_two_arms(plan.design):
        return ()
    return tuple(
        staged_trials(plan, size, weights, replicates=replicates, seed=seed) for size in sizes
    )


def _is_two_arms(design: MultiArmDesign) -> bool:
    """Return whether a trial of two arms has the same boundaries and no other rule."""
    return (
        len(design.treatments) == 1
        and design.testing.procedure != "combination"
        and design.dropping == Dropping()
        and design.monitoring.harm is None
    )


def expected_sizes(
    plan: ArmPlan, source: PriorSource, sizes: Sequence[int], interim: Sequence[dict[str, Any]]
) -> dict[int, dict[str, Any]]:
    """Return each size with its expected sample size; empty with one analysis.

    With one treatment it is that of two arms, by enumeration; otherwise it is simulated.
    """
    if interim:
        return {
            row["participants"]: {
                "expected_participants": row["expected_participants"]["value"],
                "mcse": row["expected_participants"]["mcse"],
                "exact": False,
            }
            for row in interim
        }
    design = plan.design
    pair = design.pair(design.treatments[0]).model_copy(update={"monitoring": design.monitoring})
    return expected_under_prior(pair, plan.pair, source.prior.mixture(), sizes)


def prior_treatment(design: MultiArmDesign) -> str:
    """Return the treatment that the prior of a design concerns."""
    return design.treatments[chosen_comparison(design, None)]


def arm_assurance(
    design: MultiArmDesign, sizes: Sequence[int], changes: dict[str, float], *,
    replicates: int, seed: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the assurance under the prior that a design names, one row per size.

    Without interim analyses nothing is simulated but the risks of a scenario: the MCSE is None.
    """
    source = prior_source(design.prior or "evidence")
    plan = arm_plan(design, chosen_comparison(design, None), source.control_risks, changes)
    mixture = source.prior.mixture()
    weights = grid_weights(mixture)
    interim = _interim(plan, sizes, weights, replicates, seed)
    expected = expected_sizes(plan, source, sizes, interim)
    rows = []
    for size in sizes:
        powers = partial(comparison_powers, plan)
        every = any_success(plan, size, weights)
        stops = expected.get(size, {"expected_participants": float(size)})
        number = len(interim) and replicates
        rows.append({
            "participants": size,
            **_computed(success_probability(mixture, plan.pair, size, powers)),
            "any_success": _computed(every.success),
            "any_misleading": _computed(every.misleading),
            "expected_participants": {
                "value": stops["expected_participants"], "mcse": stops.get("mcse"),
                "n": number or None,
            },
        })  # fmt: skip
    return rows


def _computed(value: float) -> dict[str, Any]:
    return {"value": float(value), "mcse": None, "n": None}
