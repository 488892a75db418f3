"""Power of closed tests of several arms by normal approximation, at every effect of a treatment.

Given the observed risk of the control, the treatments are independent, so that probabilities of
all combinations of reached boundaries are products. They are integrated over the normal error of
the control. With one treatment this is `estimate.sample_size.closed_form.power_two_proportions`.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtr

from estimate.core.arrays import Bools, Floats
from pretese.literature.forecast import EFFECTS
from pretese.trial.multi_arm.assurance.arm_plan import ArmPlan

#: Errors of the control in standard errors: steps and reach of the trapezoidal rule.
_STEP, _REACH = 0.4, 8.0
_NODES = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
_WEIGHTS = _STEP * np.exp(-(_NODES**2) / 2) / np.sqrt(2 * np.pi)


@dataclass(frozen=True, slots=True)
class AnySuccess:
    """Probabilities under a prior that concern all treatments together.

    Attributes
    ----------
    success
        At least one treatment succeeds.
    misleading
        At least one treatment succeeds that has no benefit: that of the prior with an odds ratio of
        at most 1, or another one without a planned benefit.
    """

    success: float
    misleading: float


def comparison_powers(
    plan: ArmPlan, participants: int, control: float, against: bool = False
) -> Floats:
    """Return the power for (or ``against``) the treatment with the prior, at each of `EFFECTS`."""
    hits = plan.decisions.rejected[:, [plan.comparison]]
    return _probabilities(plan, participants, control, hits, against=against)[:, 0]


def any_success(plan: ArmPlan, participants: int, prior_weights: Floats) -> AnySuccess:
    """Return the probabilities of any success, and of a misleading one, under a prior.

    Parameters
    ----------
    prior_weights
        Probability of each of `EFFECTS`: `pretese.literature.forecast.grid_weights`.
    """
    rejected = plan.decisions.rejected
    others = rejected[:, plan.false_others].any(1)
    hits = np.stack([rejected.any(1), others, others | rejected[:, plan.comparison]], -1)
    found = _probabilities(plan, participants, plan.pair.control_risk, hits, against=False)
    false = np.where(EFFECTS > 0, found[:, 1], found[:, 2])
    return AnySuccess(float(prior_weights @ found[:, 0]), float(prior_weights @ false))


def _probabilities(
    plan: ArmPlan, participants: int, control: float, hits: Bools, *, against: bool
) -> Floats:
    """Return (effect, event) probabilities of events that decisions determine.

    Parameters
    ----------
    hits
        (combination, event) whether an event occurs with each combination of reached boundaries.
    against
        Whether tests are in the other direction: events and non-events change places.
    """
    sizes = participants * plan.pair.analysed_share * plan.shares
    decisions, own = plan.decisions, plan.comparison
    mass = np.ones((len(hits), _NODES.size))
    for arm, odds in enumerate(plan.log_odds):
        if arm != own:
            risks = expit(logit(control) + np.array([odds]))
            chance = _reached(risks, control, sizes, arm, decisions.levels[arm], against)[:, 0]
            mass *= chance[decisions.reached[:, arm]]
    risks = expit(logit(control) + EFFECTS)
    found = np.zeros((EFFECTS.size, hits.shape[1]))
    by_number = _reached(risks, control, sizes, own, decisions.levels[own], against)
    for number, chance in enumerate(by_number):
        here = decisions.reached[:, own] == number
        found += chance @ (_WEIGHTS[:, None] * (mass[here].T @ hits[here].astype(float)))
    return found


def _reached(
    risks: Floats, control: float, sizes: Floats, arm: int, levels: Floats, against: bool
) -> Floats:
    """Return (number of boundaries reached, effect, node) probabilities of one treatment.

    The score test rejects if the difference of the risks is at least z times its standard error
    under the null hypothesis, at the pooled true risk.
    """
    n1, n0 = sizes[arm + 1], sizes[0]
    pooled = (n1 * risks + n0 * control) / (n1 + n0)
    of_null = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
    of_control = np.sqrt(control * (1 - control) / n0)
    own = np.sqrt(risks * (1 - risks) / n1)
    gap = (control - risks if against else risks - control)[:, None] - of_control * _NODES
    tails = [np.ones(gap.shape)]
    tails += [ndtr((gap - (z * of_null)[:, None]) / own[:, None]) for z in levels]
    at_least = np.stack([*tails, np.zeros(gap.shape)])
    return np.asarray(at_least[:-1] - at_least[1:])
