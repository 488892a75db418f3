"""Exact power by enumeration of unadjusted designs, beside the simulation."""

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
class ExactBehaviour:
    """Exact and approximate power of one point, and the distance of the simulation.

    Attributes
    ----------
    power, expected_participants
        Exact: enumeration of both counts through the analyses.
    z
        Simulated minus exact power, in Monte Carlo standard errors.
    closed_form
        Normal approximation for a trial without interim analyses; None for a sequential trial.
        Never what a simulation is checked against.
    """

    power: float
    expected_participants: float
    z: float
    closed_form: float | None


#: Participants of a trial whose pairs of counts are enumerated: some seconds and two gigabytes.
MOST_ENUMERATED = 10_000


def why_not_enumerated(design: DesignFile, participants: int | None = None) -> str | None:
    """Return why a design has no exact power at a sample size; None if it has.

    Parameters
    ----------
    participants
        Size of the trial; None takes that of the design.
    """
    rule = design.monitoring.reestimation
    most = (participants or design.participants) * (max(1.0, rule.max_percent / 100) if rule else 1)
    reasons = {
        f"more than {MOST_ENUMERATED:,} participants have too many pairs of counts": (
            most > MOST_ENUMERATED
        ),
        "the analysis is adjusted": design.analysis.method != "unadjusted",
        "the primary endpoint shares alpha with others": _shares(design),
        "arm sizes are random": design.block is None,
        "participants drop out of the analysis, or are excluded": (
            design.endpoint.leaves_out
            or (design.endpoint.missing == "complete case" and _drops(design))
        ),
        "sites differ": design.site_spread is not None,
        "there is a calendar-time trend": design.calendar_trend is not None,
        "re-estimation is enumerated for two analyses, one side and equal arms": (
            not _enumerable(design)
        ),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def exact_behaviour(
    design: DesignFile, participants: int, outcomes: Outcomes, risks: tuple[float, float]
) -> ExactBehaviour | None:
    """Return the exact behaviour of a design at risks (control, treated), or None.

    Parameters
    ----------
    risks
        Success if randomised to each arm, before participants are lost. From plain ``risks`` they
        are known; from a scenario they are those of the simulated participants, whose own error
        makes z a little smaller than standard normal.
    """
    if why_not_enumerated(design, participants) or participants % (design.block or 1):
        return None
    kept = (100 - np.array([design.dropout.control_percent, design.dropout.treated_percent])) / 100
    if design.endpoint.missing == "complete case":
        kept = np.ones(2)
    control, treated = np.asarray(risks) * kept
    follow = _sequential if design.monitoring.reestimation is None else _adaptive
    power, expected = follow(design, participants, control, treated)
    z = float(z_against(outcomes.rejected.mean(), outcomes.replicates, power))
    return ExactBehaviour(power, expected, z, _closed_form(design, participants, control, treated))


def _sequential(
    design: DesignFile, participants: int, control: float, treated: float
) -> tuple[float, float]:
    """Return exact power and expected sample size of a group-sequential plan."""
    each, plan = _arms_at_analyses(design, participants), design.monitoring.plan()
    lower = None if plan.sides == 2 else plan.lower
    exact = exact_sequential(
        each[:, 1], each[:, 0], plan.upper, treated, control, lower=lower, sides=plan.sides
    )
    return float(exact.power), float(exact.expected_participants)


def _adaptive(
    design: DesignFile, participants: int, control: float, treated: float
) -> tuple[float, float]:
    """Return exact power and expected sample size with re-estimation at analysis 1 of 2."""
    rule, plan = design.monitoring.reestimation, design.monitoring.plan()
    seen, share = design.analyses_at(participants)[0], plan.information_rates[0]
    exact = exact_reestimation(
        seen // 2,
        (plan.upper[0], plan.upper[1]),
        lambda z: (resized(design, participants, z)[..., 1] - seen) / 2,
        treated,
        control,
        weights=(share**0.5, (1 - share) ** 0.5),
        futility=plan.lower[0],
        combination="inverse normal" if rule is None else rule.combination,
    )
    return exact.power, exact.expected_participants


def _closed_form(
    design: DesignFile, participants: int, control: float, treated: float
) -> float | None:
    plan = design.monitoring.plan()
    if plan.analyses > 1 or control == treated:
        return None
    each = _arms_at_analyses(design, participants)[-1]
    return float(
        power_two_proportions(
            treated, control, each[1], each[0], alpha=plan.alpha / plan.sides,
            both_sides=plan.sides == 2,
        )
    )  # fmt: skip


def _arms_at_analyses(design: DesignFile, participants: int) -> Ints:
    """Return (analysis, 2) participants in control and treated arms."""
    parts = np.asarray(design.allocation)
    each: Ints = np.asarray(design.analyses_at(participants))[:, None] * parts // parts.sum()
    return each


def _enumerable(design: DesignFile) -> bool:
    plan, (control, treated) = design.monitoring, design.allocation
    simple = len(plan.analyses_percent) == 2 and plan.sides == 1 and control == treated
    return plan.reestimation is None or simple


def _shares(design: DesignFile) -> bool:
    graph = design.graph()
    return graph is not None and graph.weights[0] < 1


def _drops(design: DesignFile) -> bool:
    return bool(design.dropout.control_percent or design.dropout.treated_percent)
