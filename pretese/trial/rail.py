"""The exact rail: what an unadjusted design does, without simulation, beside what was simulated."""

from dataclasses import dataclass

import numpy as np

from estimate.performance import z_against
from estimate.planning.closed_form import power_two_proportions
from estimate.planning.exact_sequential import exact_sequential
from pretese.trial.design import Design
from pretese.trial.run import Outcomes


@dataclass(frozen=True, slots=True)
class Rail:
    """Exact and approximate power of one point, and how far the simulation is from the exact.

    Attributes
    ----------
    power, expected_men
        Exact: enumeration of both counts through the looks.
    z
        Simulated minus exact power, in Monte Carlo standard errors.
    closed_form
        Normal approximation for a trial without interim looks; None for a sequential trial. Never
        what a simulation is checked against.
    """

    power: float
    expected_men: float
    z: float
    closed_form: float | None


def why_no_rail(design: Design) -> str | None:
    """Return why a design has no exact rail; None if it has one."""
    reasons = {
        "the analysis is adjusted": design.analysis.method != "unadjusted",
        "arm sizes are random": design.block is None,
        "men are left out of the analysis": (
            design.endpoint.ejaculators == "excluded"
            or design.endpoint.crossover == "excluded"
            or (design.endpoint.missing == "complete case" and _drops(design))
        ),
        "men of a site are alike": design.site_spread is not None,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def exact_rail(
    design: Design, men: int, outcomes: Outcomes, risks: tuple[float, float]
) -> Rail | None:
    """Return the exact behaviour of a design at risks (control, treated); None if it has none.

    Parameters
    ----------
    risks
        Success if randomised to each arm, before men are lost. From plain ``risks`` they are
        known; from a scenario they are those of the simulated men, whose own error makes z a
        little smaller than standard normal.
    """
    counts = np.asarray(design.looks_at(men))
    if why_no_rail(design) or counts[-1] % (design.block or 1):
        return None
    kept = (100 - np.array([design.dropout.control_percent, design.dropout.treated_percent])) / 100
    if design.endpoint.missing == "complete case":
        kept = np.ones(2)
    control, treated = np.asarray(risks) * kept
    parts = np.asarray(design.allocation)
    each = counts[:, None] * parts // parts.sum()
    plan = design.monitoring.plan()
    lower = None if plan.sides == 2 else plan.lower
    exact = exact_sequential(
        each[:, 1], each[:, 0], plan.upper, treated, control, lower=lower, sides=plan.sides
    )
    approximate = None
    if plan.looks == 1 and control != treated:
        approximate = float(
            power_two_proportions(
                treated, control, each[-1, 1], each[-1, 0], alpha=plan.alpha / plan.sides,
                both_sides=plan.sides == 2,
            )
        )  # fmt: skip
    power = float(exact.power)
    z = float(z_against(outcomes.rejected.mean(), outcomes.replicates, power))
    return Rail(power, float(exact.expected_men), z, approximate)


def _drops(design: Design) -> bool:
    return bool(design.dropout.control_percent or design.dropout.treated_percent)
