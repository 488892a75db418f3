"""Exact power by enumeration of unadjusted designs, beside the simulation."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Floats, Ints
from estimate.performance.measures import z_against
from estimate.sample_size.closed_form import power_two_proportions
from estimate.sample_size.exact_reestimation import exact_reestimation
from estimate.sample_size.exact_sequential import exact_sequential
from pretese.trial.conduct.event_rates import arm_rates
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
    power_mcse
        Monte Carlo standard error from event risks that are themselves simulated; 0 if the design
        fixes them.
    overruled
        Exact probability of rejection if futility boundaries are ignored; None without any.
    z
        Simulated minus exact power, in Monte Carlo standard errors.
    closed_form
        Normal approximation for a trial without interim analyses; None for a sequential trial.
        Never what a simulation is checked against.
    """

    power: float
    power_mcse: float
    expected_participants: float
    z: float
    closed_form: float | None
    overruled: float | None


#: Participants of a trial with re-estimation whose pairs of counts are enumerated.
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
        f"re-estimation is enumerated up to {MOST_ENUMERATED:,} participants": (
            rule is not None and most > MOST_ENUMERATED
        ),
        "the analysis is adjusted": design.analysis.method != "unadjusted",
        "the primary endpoint shares alpha with others": _shares(design),
        "arm sizes are random": design.block is None,
        "participants drop out of the analysis, or are excluded": (
            design.endpoint.excludes
            or (design.endpoint.missing == "complete case" and _drops(design))
        ),
        "sites differ": design.site_sd is not None,
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
    behave = _sequential if design.monitoring.reestimation is None else _adaptive
    power, expected, overruled = behave(design, participants, control, treated)
    z = float(z_against(outcomes.rejected.mean(), outcomes.replicates, power))
    error = 0.0
    if design.risks is None:
        error = _risk_error(
            lambda p0, p1: behave(design, participants, p0, p1)[0],
            outcomes,
            kept,
            (control, treated),
        )
    closed = _closed_form(design, participants, control, treated)
    return ExactBehaviour(power, error, expected, z, closed, overruled)


def _risk_error(
    power: Callable[[float, float], float], outcomes: Outcomes, kept: Floats,
    risks: tuple[float, float],
) -> float:  # fmt: skip
    """Return the Monte Carlo standard error of a power at simulated risks (delta method)."""
    control, treated = risks
    step = 0.002
    slopes = (
        (power(control + step, treated) - power(control - step, treated)) / (2 * step),
        (power(control, treated + step) - power(control, treated - step)) / (2 * step),
    )
    if control == treated:  # without an effect both risks are one number
        slopes = ((power(control + step, treated + step) - power(control - step, treated - step))
                  / (2 * step), 0.0)  # fmt: skip
    moved = (
        slopes[0] * kept[0] * outcomes.risk_control + slopes[1] * kept[1] * outcomes.risk_treated
    )
    return float(moved.std(ddof=1) / np.sqrt(moved.size)) if moved.size > 1 else 0.0


def _sequential(
    design: DesignFile, participants: int, control: float, treated: float
) -> tuple[float, float, float | None]:
    """Return exact rejection and expected sample size; rejection with futility overruled."""
    each, plan = _arms_at_analyses(design, participants), design.monitoring.plan()
    lower = None if plan.sides == 2 else plan.lower
    exact = exact_sequential(
        each[:, 1], each[:, 0], plan.upper, treated, control, lower=lower, sides=plan.sides,
        nulls=design.analysis.nulls,
    )  # fmt: skip
    overruled = None
    if plan.has_futility:
        free = exact_sequential(
            each[:, 1], each[:, 0], plan.upper, treated, control, nulls=design.analysis.nulls
        )
        overruled = float(free.power)
    return float(exact.power), float(exact.expected_participants), overruled


def _adaptive(
    design: DesignFile, participants: int, control: float, treated: float
) -> tuple[float, float, float | None]:
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
    return exact.power, exact.expected_participants, None


def _closed_form(
    design: DesignFile, participants: int, control: float, treated: float
) -> float | None:
    plan, nulls = design.monitoring.plan(), design.analysis.nulls
    if plan.analyses > 1 or len(nulls) == 2 or np.isclose(treated - control, nulls[0]):
        return None
    each = _arms_at_analyses(design, participants)[-1]
    return float(
        power_two_proportions(
            treated, control, each[1], each[0], alpha=plan.alpha / plan.sides,
            both_sides=plan.sides == 2, null=nulls[0] or None,
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


def exact_size_power(design: DesignFile, participants: int) -> float:
    """Return the exact probability of rejecting in favour of treatment at the planned risks.

    For designs with fixed event rates that `why_not_enumerated` finds nothing against.
    """
    control, treated = arm_rates(design, 1.0).success
    if design.monitoring.reestimation is not None:
        return _adaptive(design, participants, float(control), float(treated))[0]
    each, plan = _arms_at_analyses(design, participants), design.monitoring.plan()
    lower = None if plan.sides == 2 else plan.lower
    exact = exact_sequential(
        each[:, 1], each[:, 0], plan.upper, treated, control, lower=lower, sides=plan.sides,
        nulls=design.analysis.nulls,
    )  # fmt: skip
    return float(exact.favourable.sum())
