"""Simulated trials of several arms with interim analyses, under a prior of one treatment's effect.

Every replicate draws its effect from the prior. Counts are simulated, and recruitment stops with
the analysis that ends a treatment, as in `pretese.trial.measures.prior_average` for two arms.
"""

from typing import Any

import numpy as np
from scipy.special import expit, logit

from estimate.core.arrays import Bools, Floats
from pretese.literature.forecast import EFFECTS
from pretese.trial.measures.trial_means import mean, plain_measure, share
from pretese.trial.multi_arm.assurance.arm_plan import ArmPlan
from pretese.trial.multi_arm.conduct import conduct_arms
from pretese.trial.multi_arm.counts import StageCounts, analysed_shares
from pretese.trial.multi_arm.design.configurations import arm_configurations
from simulate.core.random_streams import RandomStreams


class _PriorCounts(StageCounts):
    """Counts of trials whose effects differ between replicates, without a calendar."""

    def __init__(self, plan: ArmPlan, effects: Floats, participants: int, seed: int) -> None:
        odds = np.repeat(plan.log_odds[None], len(effects), 0)
        odds[:, plan.comparison] = effects
        control = np.full((len(effects), 1), plan.pair.control_risk)
        risks = np.concatenate([control, expit(logit(control) + odds)], 1)
        self._risks = risks
        planned = arm_configurations(plan.design)[0]
        super().__init__(
            plan.design, planned, participants, seed, 0, len(effects),
            rates=analysed_shares(plan.design, risks), calendar=False,
        )  # fmt: skip

    def truths(self) -> Floats:
        """Return (replicate, comparison) true risk differences."""
        return np.asarray(self._risks[:, 1:] - self._risks[:, :1])


def staged_trials(
    plan: ArmPlan, participants: int, prior_weights: Floats, *, replicates: int, seed: int
) -> dict[str, Any]:
    """Return success and expected sample size with all interim analyses, each with its MCSE.

    Parameters
    ----------
    participants
        Planned sample size, all arms together.
    prior_weights
        Probability of each of `EFFECTS`: `pretese.literature.forecast.grid_weights`.
    """
    uniform = RandomStreams(seed, replicates, 1).uniform("effect under the prior")[0]
    place = np.searchsorted(np.cumsum(prior_weights), uniform, side="right")
    effects = EFFECTS[np.minimum(place, EFFECTS.size - 1)]
    trials = conduct_arms(plan.design, _PriorCounts(plan, effects, participants, seed))
    rejected: Bools = trials.rejected > 0
    own: Bools = np.asarray(rejected[:, plan.comparison])
    helps: Bools = np.asarray(effects > 0)
    false_others = rejected[:, plan.false_others].any(1)
    return {
        "participants": participants,
        "success": share(own),
        "success_given_benefit": share(own[helps]) if helps.sum() > 1 else None,
        "misleading": share(own & ~helps),
        "any_success": share(rejected.any(1)),
        "any_misleading": share(false_others | (own & ~helps)),
        "expected_participants": plain_measure(mean(trials.participants.sum(1))),
    }
