"""Outcome probabilities of participants with fixed event rates.

Every participant of an arm has the same probabilities, so a few combinations of potential outcomes
(event under either arm, response to treatment, treatment switching, dropout) with their
probabilities represent all of them. Recording and estimands use the functions that serve patients.
"""

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from estimate.core.arrays import Floats
from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.participants import EligiblePatients, Potential
from pretese.trial.conduct.trial_conduct import Participants, Trials
from pretese.trial.conduct.true_estimands import ideal
from pretese.trial.design.arms import Risks
from pretese.trial.design.design_file import DesignFile
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class ArmRates:
    """Outcome probabilities at one fraction of the planned effect, in the order control, treated.

    Attributes
    ----------
    analysed
        (2,) probability that a participant can be analysed.
    success
        (2,) probability that the outcome is recorded as a success, among those analysed.
    risks
        (2,) probability of success as defined by the estimand, among all participants.
    target
        True effect in the population of the estimand, a risk difference.
    """

    analysed: Floats
    success: Floats
    risks: Floats
    target: float


def arm_rates(design: DesignFile, effect: float) -> ArmRates:
    """Return the outcome probabilities of participants with fixed event rates.

    Raises
    ------
    ValueError
        The design has a scenario: its participants have no common event rate.
    """
    if design.risks is None:
        raise ValueError("a scenario has no fixed event rates")
    if effect < 0:
        return arm_rates(with_harm(design, effect), 1.0)
    trials, weight = _kinds(design, design.risks, effect)
    data = observe(design, trials, effect)
    analysed = (weight * data.include).sum(1)
    success = (weight * data.include * data.outcome).sum(1) / analysed
    control, treated, population = ideal(design, trials.participants_, effect)
    among = weight * population
    gained = (among * treated - among * control).sum(1) / among.sum(1)
    return ArmRates(
        analysed=analysed,
        success=success,
        risks=np.array([(weight[0] * control[0]).sum(), (weight[1] * treated[1]).sum()]),
        target=float(gained[0]),
    )


def with_harm(design: DesignFile, effect: float) -> DesignFile:
    """Return a design whose full effect is a negative fraction of the planned one.

    The risk under treatment moves from the null hypothesis against the planned direction.

    Raises
    ------
    InputError
        The risk would leave 0 to 100 %.
    """
    risks = design.risks
    if risks is None:
        raise ValueError("a scenario has no negative effects")  # refused when it was read
    treated = design.treated_percent_at(effect)
    if not 0 < treated < 100:
        problem = f"an effect of {100 * effect:g} % gives a risk of {treated:g} % under treatment"
        raise InputError.of(design.id, "prior", problem, "give an effect closer to 0")
    harmful = risks.model_copy(update={"treated_percent": treated})
    return design.model_copy(update={"risks": harmful})


def _kinds(design: DesignFile, risks: Risks, effect: float) -> tuple[Trials, Floats]:
    """Return all combinations of potential outcomes with their probabilities."""
    outcome = _joint_outcomes(
        risks.control_percent / 100, risks.treated_percent / 100,
        design.null_risks_percent[0] / 100,
    )  # fmt: skip
    switching = _joint_outcomes(
        design.treatment_switching.control_percent / 100,
        design.treatment_switching.treated_percent / 100,
    )
    rows = list(product(outcome, ((0.0, effect), (1.0, 1 - effect)), switching, (False, True)))
    control, treated, at_null = (
        np.array([row[0][0][arm] for row in rows])[None] for arm in (0, 1, 2)
    )
    switches = tuple(np.array([row[2][0][arm] for row in rows])[None] for arm in (0, 1))
    dropped_out = np.array([row[3] for row in rows])
    share = np.array([[design.dropout.control_percent], [design.dropout.treated_percent]]) / 100
    common = np.array([row[0][1] * row[1][1] * row[2][1] for row in rows])
    shape = (2, len(rows))
    pairs = [tuple(np.broadcast_to(each, shape) for each in pair)
             for pair in ((control, treated), switches)]  # fmt: skip
    zeros, arm = np.zeros(shape, np.int64), np.repeat([[0], [1]], len(rows), 1)
    everyone = np.ones(shape, bool)
    potential = Potential(
        (pairs[0][0], pairs[0][1]), (everyone, everyone), np.broadcast_to(at_null, shape)
    )
    participants_ = Participants(
        site=zeros,
        would_switch=(pairs[1][0], pairs[1][1]),
        eligible=EligiblePatients((potential,), zeros, {}),
        responds=np.broadcast_to([row[1][0] for row in rows], shape).astype(float),
    )
    switched = np.where(arm == 1, pairs[1][1], pairs[1][0])
    trials = Trials(participants_, np.zeros(shape), arm, np.where(switched, 1 - arm, arm),
                    np.broadcast_to(dropped_out, shape))  # fmt: skip
    return trials, common * np.where(dropped_out, share, 1 - share)


def _joint_outcomes(*risks: float) -> list[tuple[tuple[bool, ...], float]]:
    """Return the joint outcomes of events decided by one uniform number, with probabilities.

    >>> _joint_outcomes(0.25, 0.5)
    [((True, True), 0.25), ((False, True), 0.25), ((False, False), 0.5)]
    """
    cuts = [0.0, *sorted(set(risks)), 1.0]
    return [
        (tuple(low < risk for risk in risks), high - low)
        for low, high in pairwise(cuts)
        if high > low
    ]
