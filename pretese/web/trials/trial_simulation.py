"""Trials simulated behind the exact answer, block by block; the address holds how far they are."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pretese
from pretese.web.trials.trial_question import TrialQuestion
from protocol.errors import InputError

#: Simulated trials of a block, and blocks.
BLOCK, BLOCKS = 500, 4


@dataclass(frozen=True, slots=True)
class Progress:
    """Trials simulated so far, and how many of them rejected."""

    blocks: int = 0
    rejected: int = 0

    @property
    def trials(self) -> int:
        """Trials simulated so far."""
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
        """Monte Carlo standard error of it, in percentage points."""
        share = self.rejected / self.trials
        return 100 * math.sqrt(share * (1 - share) / self.trials)

    def entries(self) -> dict[str, str]:
        """Return the entries of the address that continues."""
        return {"blocks": str(self.blocks), "rejected": str(self.rejected)}


def progress_of(entries: Mapping[str, str]) -> Progress:
    """Read how far a simulation is.

    Raises
    ------
    InputError
        The numbers cannot be those of a simulation.
    """
    blocks, rejected = (entries.get(name) or "0" for name in ("blocks", "rejected"))
    known = [int(each) for each in (blocks, rejected)
             if each.isascii() and each.isdecimal() and len(each) < 6]  # fmt: skip
    if len(known) < 2 or known[0] > BLOCKS or known[1] > BLOCK * known[0]:
        cure = "begin again from the trial page"
        raise InputError.of("trial", "blocks", "a simulation cannot have come this far", cure)
    return Progress(*known)


def next_block(question: TrialQuestion, enrolled: int, progress: Progress) -> Progress:
    """Simulate another block with its own seed, and return the progress."""
    if progress.done:
        return progress
    participants = whole_blocks(question, enrolled)
    design = pretese.design(question.design(participants))
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
