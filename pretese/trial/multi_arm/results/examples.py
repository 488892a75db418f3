"""Single trials of several arms as examples: what happened to each comparison."""

from typing import Any

import numpy as np

from estimate.core.arrays import Bools
from pretese.trial.multi_arm.adaptation import SUCCESS
from pretese.trial.multi_arm.conduct import ArmTrials
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.results.measures import REASONS


def example_trials(design: MultiArmDesign, trials: ArmTrials) -> list[dict[str, Any]]:
    """Return the first replicate of each kind of course that occurs, as plain values.

    Seed, design and the number of the replicate reproduce it.
    """
    found: dict[int, list[str]] = {}
    for words, holds in _kinds(design, trials).items():
        if holds.any():
            found.setdefault(int(np.flatnonzero(holds)[0]), []).append(words)
    return [
        {
            "course": "; ".join(kinds),
            "trial": replicate,
            "participants": float(trials.participants[replicate].sum()),
            "months": float(trials.months[replicate]),
            "comparisons": [_comparison(design, trials, replicate, k)
                            for k in range(len(design.comparisons))],
        }
        for replicate, kinds in found.items()
    ]  # fmt: skip


def _kinds(design: MultiArmDesign, trials: ArmTrials) -> dict[str, Bools]:
    """Return, for each kind of course, which replicates have it."""
    early = trials.at_analysis < len(design.rates)
    shape = (len(trials.rejected), len(design.comparisons), len(design.labels))
    won = trials.rejected.reshape(shape)[..., 0] > 0
    stopped = early & (trials.reason > 0) & (trials.reason != SUCCESS)
    several = len(design.comparisons) > 1
    return {
        "a success at an interim analysis": (early & won).any(1),
        "a comparison stopped without success": stopped.any(1),
        **({"every comparison successful": won.all(1)} if several else {}),
        "success at the final analysis": (won & ~early).any(1),
        "no success": ~won.any(1),
    }


def _comparison(
    design: MultiArmDesign, trials: ArmTrials, replicate: int, k: int
) -> dict[str, Any]:
    shape = (len(design.comparisons), len(design.labels))
    rejected = trials.rejected[replicate].reshape(shape)[k] > 0
    names = {code: name for name, code in REASONS.items()}
    reason = names.get(int(trials.reason[replicate, k]), "final analysis")
    return {
        "comparison": design.comparisons[k],
        "analysis": int(trials.at_analysis[replicate, k]),
        "ended": "success" if rejected[0] else reason,
        "z": _known(trials.z[replicate, k]),
        "estimate": _known(trials.estimate[replicate, k]),
        "rejected": [label for label, hit in zip(design.labels, rejected, strict=True) if hit],
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
