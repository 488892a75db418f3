"""The exact rail: what an unadjusted design does, without simulation, beside what was simulated."""

from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Ints
from estimate.performance.measures import z_against
from estimate.sample_size.closed_form import power_two_proportions
from estimate.sample_size.exact_reestimation import exact_reestimation
from estimate.sample_size.exact_sequential import exact_sequential
from pretese.trial.design.design_file import DesignFile
from pretese.trial.simulation.reestimation import resized
from pretese.trial.simulation.trial_results import Outcomes


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


#: Men of a trial whose pairs of counts are enumerated: some seconds and two gigabytes.
MOST_ENUMERATED = 10_000


def why_no_rail(design: DesignFile, men: int | None = None) -> str | None:
    """Return why a design has no exact rail at a size; None if it has one.

    Parameters
    ----------
    men
        Size of the trial; None takes that of the design.
    """
    rule = design.monitoring.reestimation
    most = (men or design.men) * (max(1.0, rule.most_percent / 100) if rule else 1)
    reasons = {
        f"more than {MOST_ENUMERATED:,} men have too many pairs of counts to enumerate": (
            most > MOST_ENUMERATED
        ),
        "the analysis is adjusted": design.analysis.method != "unadjusted",
        "the primary endpoint shares its level with others": _shares(design),
        "arm sizes are random": design.block is None,
        "men are lost to the analysis, or left out of it": (
            design.endpoint.leaves_out
            or (design.endpoint.missing == "complete case" and _drops(design))
        ),
        "men of a site are alike": design.site_spread is not None,
        "men who come late differ from men who come early": design.drift is not None,
        "re-estimation is enumerated for two looks, one side and equal arms": (
            not _enumerable(design)
        ),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def exact_rail(
    design: DesignFile, men: int, outcomes: Outcomes, risks: tuple[float, float]
) -> Rail | None:
    """Return the exact behaviour of a design at risks (control, treated); None if it has none.

    Parameters
    ----------
    risks
        Success if randomised to each arm, before men are lost. From plain ``risks`` they are
        known; from a scenario they are those of the simulated men, whose own error makes z a
        little smaller than standard normal.
    """
    if why_no_rail(design, men) or men % (design.block or 1):
        return None
    kept = (100 - np.array([design.dropout.control_percent, design.dropout.treated_percent])) / 100
    if design.endpoint.missing == "complete case":
        kept = np.ones(2)
    control, treated = np.asarray(risks) * kept
    follow = _sequential if design.monitoring.reestimation is None else _adaptive
    power, expected = follow(design, men, control, treated)
    z = float(z_against(outcomes.rejected.mean(), outcomes.replicates, power))
    return Rail(power, expected, z, _closed_form(design, men, control, treated))


def _sequential(
    design: DesignFile, men: int, control: float, treated: float
) -> tuple[float, float]:
    """Return exact power and expected men through the looks of the plan."""
    each, plan = _arms_at_looks(design, men), design.monitoring.plan()
    lower = None if plan.sides == 2 else plan.lower
    exact = exact_sequential(
        each[:, 1], each[:, 0], plan.upper, treated, control, lower=lower, sides=plan.sides
    )
    return float(exact.power), float(exact.expected_men)


def _adaptive(design: DesignFile, men: int, control: float, treated: float) -> tuple[float, float]:
    """Return exact power and expected men of two looks, the second of a size made at the first."""
    rule, plan = design.monitoring.reestimation, design.monitoring.plan()
    seen, share = design.looks_at(men)[0], plan.information_rates[0]
    exact = exact_reestimation(
        seen // 2,
        (plan.upper[0], plan.upper[1]),
        lambda z: (resized(design, men, z)[..., 1] - seen) / 2,
        treated,
        control,
        weights=(share**0.5, (1 - share) ** 0.5),
        futility=plan.lower[0],
        combination="inverse normal" if rule is None else rule.combination,
    )
    return exact.power, exact.expected_men


def _closed_form(design: DesignFile, men: int, control: float, treated: float) -> float | None:
    plan = design.monitoring.plan()
    if plan.looks > 1 or control == treated:
        return None
    each = _arms_at_looks(design, men)[-1]
    return float(
        power_two_proportions(
            treated, control, each[1], each[0], alpha=plan.alpha / plan.sides,
            both_sides=plan.sides == 2,
        )
    )  # fmt: skip


def _arms_at_looks(design: DesignFile, men: int) -> Ints:
    """Return (look, 2) men of control and treated."""
    parts = np.asarray(design.allocation)
    each: Ints = np.asarray(design.looks_at(men))[:, None] * parts // parts.sum()
    return each


def _enumerable(design: DesignFile) -> bool:
    plan, (control, treated) = design.monitoring, design.allocation
    simple = len(plan.looks_percent) == 2 and plan.sides == 1 and control == treated
    return plan.reestimation is None or simple


def _shares(design: DesignFile) -> bool:
    graph = design.graph()
    return graph is not None and graph.weights[0] < 1


def _drops(design: DesignFile) -> bool:
    return bool(design.dropout.control_percent or design.dropout.treated_percent)
