"""Exact power of unadjusted designs by enumeration, to verify the simulation."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats, Ints
from estimate.performance.control_variate import Controlled, controlled_share
from estimate.performance.measures import z_against
from estimate.sample_size.closed_form import power_two_proportions
from estimate.sample_size.exact_reestimation import exact_reestimation
from estimate.sample_size.exact_sequential import ExactTrial, Statistic, exact_sequential
from pretese.trial.conduct.event_rates import arm_rates
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.enumeration import why_not_enumerated
from pretese.trial.measures.trial_means import won
from pretese.trial.simulation.reestimation import resized
from pretese.trial.simulation.trial_results import Outcomes

#: Step of a risk for numerical derivatives of exact power.
RISK_STEP = 0.002


@dataclass(frozen=True, slots=True)
class ExactBehaviour:
    """Exact and approximate power of one point, compared with the simulation.

    Attributes
    ----------
    power, expected_participants
        Exact, by enumeration of both counts over the analyses.
    power_mcse
        Monte Carlo standard error due to simulated event risks; 0 if the design fixes them.
    overruled
        Exact probability of rejection if futility boundaries are ignored; None without such
        boundaries.
    z
        Simulated minus exact power, in Monte Carlo standard errors.
    closed_form
        Normal approximation for a trial without interim analyses; None for a sequential trial. Not
        used to verify the simulation.
    """

    power: float
    power_mcse: float
    expected_participants: float
    z: float
    closed_form: float | None
    overruled: float | None


def exact_behaviour(
    design: DesignFile, participants: int, outcomes: Outcomes, risks: tuple[float, float]
) -> ExactBehaviour | None:
    """Return exact operating characteristics at risks (control, treated), or None.

    Parameters
    ----------
    risks
        Probability of success if randomised to each arm, before dropout. Fixed event rates are
        known; those of a scenario are estimated from the simulated participants, so that the
        variance of z is slightly below 1.
    """
    if why_not_enumerated(design, participants) or participants % (design.block or 1):
        return None
    kept = _kept(design)
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


def controlled_rejections(
    design: DesignFile, participants: int, outcomes: Outcomes, risks: tuple[float, float]
) -> dict[str, Controlled]:
    """Return power and rejection with the unadjusted test of the same trials as a control variate.

    Empty if the test is not a control variate. Simulated risks have a Monte Carlo error that is
    correlated with the trials; the contribution of each trial is subtracted from its control
    variate.
    """
    signed = outcomes.unadjusted_rejection
    if signed is None or participants % (design.block or 1):
        return {}
    kept = _kept(design)

    def known(control: float, treated: float) -> Floats:
        trial = unadjusted_trial(design, participants, control, treated)
        return np.array([trial.favourable.sum(), trial.power])

    control, treated = np.asarray(risks) * kept
    moved = np.zeros((2, outcomes.replicates))
    if design.risks is None:
        for arm, own in enumerate((outcomes.risk_control, outcomes.risk_treated)):
            step = RISK_STEP * np.eye(2)[arm]
            ends = [known(*(np.array([control, treated]) + sign * step)) for sign in (1, -1)]
            slope = (ends[0] - ends[1]) / (2 * RISK_STEP)
            moved += slope[:, None] * kept[arm] * (own - own.mean())
    favourable, either = known(control, treated)
    return {
        "power": controlled_share(won(outcomes), (signed > 0) * 1.0, float(favourable), moved[0]),
        "rejection": controlled_share(outcomes.rejected, np.abs(signed), float(either), moved[1]),
    }


def _kept(design: DesignFile) -> Floats:
    """Return (2,) proportions of control and treated participants whose success is counted."""
    if design.endpoint.missing == "complete case":
        return np.ones(2)
    return (100 - np.array([design.dropout.control_percent, design.dropout.treated_percent])) / 100


def _risk_error(
    power: Callable[[float, float], float], outcomes: Outcomes, kept: Floats,
    risks: tuple[float, float],
) -> float:  # fmt: skip
    """Return the Monte Carlo standard error of a power at simulated risks (delta method)."""
    control, treated = risks
    step = RISK_STEP
    slopes = (
        (power(control + step, treated) - power(control - step, treated)) / (2 * step),
        (power(control, treated + step) - power(control, treated - step)) / (2 * step),
    )
    if control == treated:  # without an effect both risks are the same number
        slopes = ((power(control + step, treated + step) - power(control - step, treated - step))
                  / (2 * step), 0.0)  # fmt: skip
    moved = (
        slopes[0] * kept[0] * outcomes.risk_control + slopes[1] * kept[1] * outcomes.risk_treated
    )
    return float(moved.std(ddof=1) / np.sqrt(moved.size)) if moved.size > 1 else 0.0


def _sequential(
    design: DesignFile, participants: int, control: float, treated: float
) -> tuple[float, float, float | None]:
    """Return exact rejection and expected sample size, and rejection with futility overruled."""
    exact = unadjusted_trial(design, participants, control, treated)
    each, plan = _arms_at_analyses(design, participants), design.monitoring.plan()
    overruled = None
    if plan.has_futility:
        free = exact_sequential(
            each[:, 1], each[:, 0], plan.upper, treated, control, nulls=design.analysis.nulls,
            statistic=_exact_statistic(design),
        )  # fmt: skip
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
    if (
        plan.analyses > 1
        or len(nulls) == 2
        or design.analysis.exact
        or np.isclose(treated - control, nulls[0])
    ):
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


def exact_size_power(design: DesignFile, participants: int) -> float:
    """Return the exact probability of rejecting in favour of treatment at the planned risks.

    For designs with fixed event rates for which `why_not_enumerated` returns None.
    """
    control, treated = arm_rates(design, 1.0).success
    if design.monitoring.reestimation is not None:
        return _adaptive(design, participants, float(control), float(treated))[0]
    return float(unadjusted_trial(design, participants, control, treated).favourable.sum())


def unadjusted_trial(
    design: DesignFile, participants: int, control: ArrayLike, treated: ArrayLike
) -> ExactTrial:
    """Return exact operating characteristics of the test of counts, without re-estimation.

    For designs with another method they are those of the unadjusted score test.
    """
    each, plan = _arms_at_analyses(design, participants), design.monitoring.plan()
    lower = None if plan.sides == 2 else plan.lower
    return exact_sequential(
        each[:, 1], each[:, 0], plan.upper, treated, control, lower=lower, sides=plan.sides,
        nulls=design.analysis.nulls, statistic=_exact_statistic(design),
    )  # fmt: skip


def _exact_statistic(design: DesignFile) -> Statistic | None:
    """Return the statistic of an exact test; None for the score test."""
    if not design.analysis.exact:
        return None
    return design.analysis.count_test(design.monitoring.sides).z
