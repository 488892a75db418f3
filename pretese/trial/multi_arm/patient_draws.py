"""Patients of trials with several arms: potential outcomes in all of them.

The patient model simulates each arm together with the control. Random numbers belong to patients,
not to arms: the outcome of a patient is known in each arm, and an arm without an effect has the
outcomes of the control.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimate.core.arrays import Bools, Floats
from pretese.trial.conduct.observed_data import Codes as Ints
from pretese.trial.conduct.participants import EligiblePatients, draw_eligible, scenario_of
from pretese.trial.conduct.strata import levels_of_factor, members
from pretese.trial.conduct.trial_conduct import (
    Arrived,
    check_filled,
    liability_shift,
    recruitment_of,
)
from pretese.trial.design.design_file import DesignFile
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from protocol.errors import InputError
from simulate.core.random_streams import RandomStreams
from simulate.recruitment.accrual import draw_arrivals
from simulate.recruitment.schemes import SCHEMES, Arrivals

#: Maximum number of patients screened per participant; beyond it a population is too rare.
RAREST = 40


@dataclass(frozen=True, slots=True)
class MultiArmPatients:
    """Patients of trials in order of arrival, shape (replicate, participant).

    Attributes
    ----------
    success, counted
        By hypothesis, (arm, replicate, participant): whether the endpoint would be met, and whether
        the participant would belong to its population after randomisation.
    member
        By hypothesis: whether the participant belongs to its population at baseline.
    month, site, diagnosis, baseline
        Month of arrival, site, diagnosis, and recorded baseline values.
    arm
        Planned allocation by stage: (stage, replicate, place).
    redrawn, lost
        Uniform numbers for adaptive allocation and dropout.
    """

    success: tuple[Bools, ...]
    counted: tuple[Bools, ...]
    member: tuple[Bools, ...]
    month: Floats
    site: Ints
    diagnosis: Ints
    baseline: Mapping[str, NDArray[np.float64]]
    arm: Ints
    redrawn: Floats
    lost: Floats


def draw_patients(
    design: MultiArmDesign, changes: dict[str, float] | None, participants: int, seed: int,
    first: int, size: int,
) -> MultiArmPatients:  # fmt: skip
    """Simulate the patients of replicates ``first .. first + size - 1`` with all their outcomes."""
    screened = participants
    while True:
        found = _draw(design, changes, participants, screened, seed, first, size)
        if found is not None:
            return found
        screened *= 2
        if screened > RAREST * participants:
            problem = f"fewer than 1 in {RAREST} patients are eligible"
            raise InputError.of(design.id, "eligibility", problem, "widen it")


def _draw(
    design: MultiArmDesign, changes: dict[str, float] | None, participants: int, screened: int,
    seed: int, first: int, size: int,
) -> MultiArmPatients | None:  # fmt: skip
    streams = RandomStreams(seed, screened, size, first)
    pair = design.pair(design.treatments[0])
    month, site = draw_arrivals(
        recruitment_of(pair), streams.uniform("gap"), streams.uniform("site")
    )
    shift = liability_shift(pair, streams, month, site)
    drawn = {arm: _of_arm(design, arm, changes, streams, shift) for arm in design.treatments}
    some = next(iter(drawn.values()))[0]
    take = _eligible(design, some, participants)
    if take is None:
        return None
    month, site = np.take_along_axis(month, take, 1), np.take_along_axis(site, take, 1)
    check_filled(pair, month, participants)
    diagnosis = np.take_along_axis(some.diagnosis, take, 1)
    baseline: dict[str, NDArray[np.float64]] = {
        name: np.take_along_axis(v, take, 1) for name, v in some.baseline.items()
    }
    own = RandomStreams(seed, participants, size, first)
    arms = [
        _allocated(design, pair, own, parts, site, diagnosis, baseline)
        for parts in dict.fromkeys(design.parts_after(j) for j in range(len(design.rates)))
    ]
    return MultiArmPatients(
        success=tuple(_of_eligible(drawn, s, "success", take) for s in range(len(design.labels))),
        counted=tuple(_of_eligible(drawn, s, "counted", take) for s in range(len(design.labels))),
        member=tuple(members(each, baseline, diagnosis) for each in design.populations),
        month=month, site=site, diagnosis=diagnosis, baseline=baseline, arm=np.stack(arms),
        redrawn=own.uniform("adaptive arm"), lost=own.uniform("trial dropout"),
    )  # fmt: skip


def _of_arm(
    design: MultiArmDesign, arm: str, changes: dict[str, float] | None, streams: RandomStreams,
    shift: NDArray[np.float64] | None,
) -> list[EligiblePatients]:  # fmt: skip
    """Return the patients with their outcomes under control and one arm, by hypothesis."""
    pairs = [design.pair(arm, s) for s in range(len(design.labels))]
    distinct = {pair.endpoint: pair for pair in pairs}
    primary = pairs[0]
    if len(distinct) > 1:  # one draw for all endpoints
        more = [{"endpoint": end} for end in distinct if end != primary.endpoint]
        primary = DesignFile.model_validate({
            **primary.model_dump(), "secondary": [
                {**each, "endpoint": each["endpoint"].model_copy(update={"name": f"later {k}"})}
                for k, each in enumerate(more)
            ],
        })  # fmt: skip
    found = draw_eligible(primary, scenario_of(primary, changes), streams, shift)
    order = [pairs[0].endpoint, *(end for end in distinct if end != pairs[0].endpoint)]
    return [
        EligiblePatients((found.endpoints[order.index(pair.endpoint)],), found.diagnosis,
                         found.baseline)
        for pair in pairs
    ]  # fmt: skip


def _of_eligible(
    drawn: Mapping[str, list[EligiblePatients]], hypothesis: int, what: str, take: Ints
) -> Bools:
    pairs = [getattr(each[hypothesis].endpoints[0], what) for each in drawn.values()]
    arms = [pairs[0][0], *(pair[1] for pair in pairs)]
    return np.stack([np.take_along_axis(np.asarray(arm), take, 1) for arm in arms])


def _eligible(design: MultiArmDesign, patients: EligiblePatients, participants: int) -> Ints | None:
    """Return the positions of the first eligible patients of each trial; None if too few."""
    chosen = members(design.eligibility, patients.baseline, patients.diagnosis)
    if int(chosen.sum(1).min()) < participants:
        return None
    return np.argsort(~chosen, axis=1, kind="stable")[:, :participants]


def _allocated(
    design: MultiArmDesign, pair: DesignFile, streams: RandomStreams, parts: tuple[int, ...],
    site: Ints, diagnosis: Ints, baseline: dict[str, NDArray[np.float64]],
) -> Ints:  # fmt: skip
    rule = design.randomisation
    who = Arrived(site, diagnosis, baseline)
    several = len(design.rounds_of_blocks) > 1
    return SCHEMES[rule.method].assign(Arrivals(
        uniform=streams.uniform("arm"),
        size_uniform=streams.uniform("block size") if several else None,
        allocation=parts, factors=tuple(levels_of_factor(pair, name, who) for name in rule.by),
        rounds_of_blocks=design.rounds_of_blocks, probability=rule.probability_percent / 100,
    ))  # fmt: skip
