"""Assurance, misleading results and value of information of a two-arm trial under a prior."""

import numpy as np
from scipy.special import expit, logit

from estimate.core.arrays import Floats
from estimate.core.numeric.normal_mixture import NormalMixture
from estimate.sample_size.assurance import assurance_two_proportions, value_of_sample
from protocol.errors import InputError

#: Future patients for whom the value of information is stated.
FUTURE_PATIENTS = 1000


def outlook_row(
    prior: NormalMixture, control_risk: float, participants: int, alpha: float, margin: float
) -> dict[str, float]:
    """Return one row of a table over sample sizes; see `EffectPrior.assurance`.

    The value of information takes the estimate of the trial as a normal log odds ratio with the
    standard error that the control risk gives without an effect.
    """
    if participants < 4:
        problem = f"{participants} is not allowed"
        raise InputError.of("assurance", "participants", problem, "give at least 4")
    arm = participants / 2
    found = assurance_two_proportions(prior, control_risk, arm, arm, alpha=alpha)
    error = (2 / (arm * control_risk * (1 - control_risk))) ** 0.5

    def net_benefit(effect: Floats) -> Floats:
        return np.asarray(expit(logit(control_risk) + effect) - control_risk - margin)

    gained = FUTURE_PATIENTS * value_of_sample(prior, error, net_benefit)
    return {
        "participants": participants,
        "success": found.success,
        "benefit": found.benefit,
        "success_given_benefit": found.success_given_benefit,
        "misleading": found.misleading,
        "no_benefit_given_success": found.no_benefit_given_success,
        "harm_shown": found.harm_shown,
        "events_gained": gained,
        "events_gained_per_participant": gained / participants,
    }
