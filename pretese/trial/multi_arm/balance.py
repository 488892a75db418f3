"""Predictability and balance of the planned allocation of trials with several arms."""

from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Floats
from pretese.trial.conduct.observed_data import Codes as Ints
from pretese.trial.conduct.strata import factor_imbalance, strata_of
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.patient_draws import MultiArmPatients
from simulate.recruitment.predictability import imbalance_within


@dataclass(frozen=True, slots=True)
class AllocationBalance:
    """Predictability and balance of allocations, arrays with the replicate first.

    Attributes
    ----------
    guess_rate
        (3,) correct-guess rates of observers who see all sites, their own site, and their own
        stratum of the randomisation; NaN without strata.
    imbalance
        (1 + factor,) imbalance of the arms at full size, over all participants and the largest
        within a level of each factor of `MultiArmDesign.balanced`, in rounds of the allocation.
    """

    guess_rate: Floats
    imbalance: Floats


def unknown_balance(replicates: int, factors: int = 0) -> AllocationBalance:
    """Return the balance of trials without participants of their own, such as counts: NaN."""
    return AllocationBalance(
        np.full((replicates, 3), np.nan), np.full((replicates, 1 + factors), np.nan)
    )


def balance_of(
    design: MultiArmDesign, drawn: MultiArmPatients, participants: int
) -> AllocationBalance:
    """Return predictability and balance of the allocation that the trials begin with."""
    arm, alone = drawn.arm[0][:, :participants], np.zeros((len(drawn.month), participants), int)
    groups = (alone, drawn.site[:, :participants])
    rates = [arm_guess_rates(arm, group, design.parts) for group in groups]
    if design.randomisation.by:
        stratum = strata_of(design, design.randomisation.by, drawn)[0][:, :participants]
        rates.append(arm_guess_rates(arm, stratum, design.parts))
    else:
        rates.append(np.full(len(arm), np.nan))
    overall = imbalance_within(arm, alone, 1, allocation=design.parts)
    within = factor_imbalance(design, drawn, drawn.arm[0], participants)
    whole = np.ceil(overall - 1e-9) + 0.0
    return AllocationBalance(
        np.stack(rates, -1), whole if within is None else np.concatenate([whole, within], -1)
    )


def arm_guess_rates(arm: Ints, group: Ints, parts: tuple[int, ...]) -> Floats:
    """Return (replicate,) correct-guess rates of observers who see one group of participants each.

    An observer guesses the arm furthest below its allocation so far in the group; ties are guessed
    with probabilities in proportion to the allocation
    (`simulate.recruitment.predictability.convergence_guess`).

    >>> arm_guess_rates(np.array([[0, 1, 1, 0]]), np.zeros((1, 4), int), (1, 1)).tolist()
    [0.75]
    """
    ratio = np.asarray(parts, float)
    given = arm[..., None] == np.arange(ratio.size)
    right = np.zeros(arm.shape)
    for each in np.unique(group):
        here = group == each
        own = given & here[..., None]
        before = (np.cumsum(own, axis=1) - own) / ratio
        chance = (before <= before.min(-1, keepdims=True) + 1e-9) * ratio
        right += np.where(here, (chance * given).sum(-1) / chance.sum(-1), 0.0)
    return np.asarray(right.mean(1))
