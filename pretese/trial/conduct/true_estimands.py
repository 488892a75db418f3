"""True values of an estimand, from both potential outcomes of every participant."""

import numpy as np

from estimate.core.arrays import Bools, Floats, Ints
from pretese.trial.conduct.trial_conduct import Participants
from pretese.trial.design.design_file import DesignFile
from protocol.dates import MONTH_DAYS


def truths(
    design: DesignFile,
    participants_: Participants,
    participants: int,
    effect: float,
    endpoint: int = 0,
) -> tuple[Floats, Floats, Floats]:
    """Return (replicate,) true risks in both arms and true effects in the participants.

    Risks are those of all participants. The effect is that in the population of the estimand:
    participants who would belong to it in either arm; of restricted means it is in months.
    """
    control, treated, population = (
        each[:, :participants] for each in ideal(design, participants_, effect, endpoint)
    )
    with np.errstate(invalid="ignore"):
        if design.questions[endpoint].analysis.effect_scale == "RMST difference":
            early = _days_gained(design, participants_, effect, endpoint)[:, :participants]
            gained = (early * population).sum(1) / MONTH_DAYS
        else:
            gained = (treated & population).sum(1) - (control & population).sum(1)
        target = gained / population.sum(1)
    return control.mean(1), treated.mean(1), target


def ideal_days(
    design: DesignFile, participants_: Participants, effect: float, endpoint: int = 0
) -> tuple[Ints, Ints]:
    """Return the last days of follow-up as the estimand defines them, as `ideal` its outcomes."""
    end = design.questions[endpoint].endpoint
    as_they_would = end.treatment_switching == "treatment policy"
    control, treated = participants_.days(effect, endpoint, switching=as_they_would)
    if end.treatment_switching == "composite":
        off, on = participants_.would_switch
        control = np.where(off, end.horizon_days, control)
        treated = np.where(on, end.horizon_days, treated)
    return control, treated


def _days_gained(
    design: DesignFile, participants_: Participants, effect: float, endpoint: int
) -> Ints:
    control, treated = ideal_days(design, participants_, effect, endpoint)
    return control - treated


def ideal(
    design: DesignFile, participants_: Participants, effect: float, endpoint: int = 0
) -> tuple[Bools, Bools, Bools]:
    """Return potential outcomes as the estimand defines them, and the target population.

    Shape (replicate, participant). Treatment switching is part of the arm under the treatment
    policy strategy, does not occur under the hypothetical strategy, and is a failure under the
    composite strategy. If switchers are excluded, participants who would switch from either arm are
    not in the target population.
    """
    strategy = design.questions[endpoint].endpoint.treatment_switching
    as_they_would = strategy == "treatment policy"
    control, treated = participants_.potential(effect, endpoint, switching=as_they_would)
    without, with_ = participants_.counted(effect, endpoint, switching=as_they_would)
    switches = participants_.would_switch
    population = without & with_
    if strategy == "composite":
        control, treated = control & ~switches[0], treated & ~switches[1]
    if strategy == "excluded":
        population = population & ~switches[0] & ~switches[1]
    return control, treated, population
