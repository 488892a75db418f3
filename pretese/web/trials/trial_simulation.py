"""Simulation of the design on the page, block by block; the address contains its progress."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pretese.api.trials import read_design
from pretese.web.trials.trial_question import TrialQuestion
from protocol.errors import InputError

#: Number of simulated trials per block, and number of blocks.
BLOCK, BLOCKS = 500, 4


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress: number of blocks simulated, and number of rejections."""

    blocks: int = 0
    rejected: int = 0

    @property
    def trials(self) -> int:
        """Number of trials simulated."""
        return BLOCK * self.blocks

    @property
    def done(self) -> bool:
        """Whether all blocks are simulated."""
        return self.blocks >= BLOCKS

    @property
    def percent(self) -> float:
        """Simulated power, in percent."""
        return 100 * self.rejected / self.trials

    @property
    def mcse_percent(self) -> float:
        """Monte Carlo standard error of simulated power, in percentage points."""
        share = self.rejected / self.trials
        return 100 * math.sqrt(share * (1 - share) / self.trials)

    def entries(self) -> dict[str, str]:
        """Return the parameters of the address that continues the simulation."""
        return {"blocks": str(self.blocks), "rejected": str(self.rejected)}


def progress_of(entries: Mapping[str, str]) -> Progress:
    """Read the progress of a simulation.

    Raises
    ------
    InputError
        The numbers are not possible in a simulation.
    """
    blocks, rejected = (entries.get(name) or "0" for name in ("blocks", "rejected"))
    known = [int(each) for each in (blocks, rejected)
             if each.isascii() and each.isdecimal() and len(each) < 6]  # fmt: skip
    if len(known) < 2 or known[0] > BLOCKS or known[1] > BLOCK * known[0]:
        cure = "start again from the trial page"
        raise InputError.of("trial", "blocks", "the progress is not that of a simulation", cure)
    return Progress(*known)


def next_block(question: TrialQuestion, enrolled: int, progress: Progress) -> Progress:
    """Simulate another block with its own seed, and return the progress."""
    if progress.done:
        return progress
    participants = whole_blocks(question, enrolled)
    design = read_design.design(question.design(participants))
    several = question.treatments > 1
    effects = () if several else [100]
    frame = design.power(
        [participants], effects, replicates=BLOCK, seed=progress.blocks + 1, progress=False
    ).to_frame()
    if several:
        planned = frame.query("configuration == 'as planned' and comparison == 'treatment-1'")
        share = float(planned["any_sperm"].iloc[0])
    else:
        share = float(frame.loc[frame["effect_percent"] == 100, "rejection"].iloc[0])
    return Progress(progress.blocks + 1, progress.rejected + round(BLOCK * share))


def whole_blocks(question: TrialQuestion, participants: int) -> int:
    """Return the next size that blocks of randomisation fill."""
    block = 4 if question.treatments == 1 else 1 + question.treatments
    return participants + -participants % block
