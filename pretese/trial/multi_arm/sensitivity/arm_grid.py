"""Power of several arms over combinations of assumptions, with common random numbers."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from estimate.core.arrays import Bools
from estimate.performance.measures import paired_difference
from pretese.trial.design.alternatives import Axes, settings_of
from pretese.trial.measures.trial_means import mean, plain_measure, share
from pretese.trial.multi_arm.conduct import ArmTrials
from pretese.trial.multi_arm.design.configurations import Configuration, arm_configurations
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.sensitivity.arm_settings import (
    Setting,
    planned_arm_value,
    with_arm_settings,
)
from pretese.trial.multi_arm.simulate_arms import trials_of

#: Simulates settings: number of replicates, whether only the planned effects, and what is told.
Simulated = Callable[[Sequence[Setting], int, bool, str], list[pa.Table]]

#: Exact power of a design, if counts can be enumerated.
Exact = Callable[[MultiArmDesign], float | None]


def arm_axes(design: MultiArmDesign, changes: dict[str, float], axes: Axes) -> list[Setting]:
    """Return the plan, and the setting of every combination of assumptions; all are checked."""
    if not axes:
        return [(design, changes)]
    return [
        (design, changes), *(with_arm_settings(design, changes, at) for at in settings_of(axes))
    ]  # fmt: skip


def chosen_rejections(
    design: MultiArmDesign, configuration: Configuration, trials: ArmTrials
) -> Bools:
    """Return (replicate,) whether a trial finds what ``power_of`` of the design names."""
    shape = (-1, len(design.comparisons), len(design.labels))
    rejected = trials.rejected.reshape(shape) > 0
    works = rejected[:, ~np.asarray(configuration.nulls), 0]
    if design.power_of not in ("any", "all"):
        return np.asarray(rejected[:, design.comparisons.index(design.power_of), 0])
    if not works.size:
        return np.asarray(rejected.any((1, 2)))
    return np.asarray(works.any(1) if design.power_of == "any" else works.all(1))


def arm_grid(
    design: MultiArmDesign, changes: dict[str, float], axes: Axes, participants: int,
    replicates: int, simulated: Simulated, exact: Exact,
) -> dict[str, Any]:  # fmt: skip
    """Simulate every combination of assumptions; return the grid as plain values.

    ``type_one_error`` is the family-wise error without any effective treatment. The minimum of many
    estimates is expected to be below the minimum of the true values; common random numbers keep
    this bias small.
    """
    settings = arm_axes(design, changes, axes)
    plan, *found = simulated(settings, replicates, False, f"{design.id}: sensitivity grid")
    wins = _wins(design, plan)
    cells = [
        {"at": at, **_cell(changed, table, wins), "exact_power": exact(changed)}
        for at, (changed, _), table in zip(settings_of(axes), settings[1:], found, strict=True)
    ]
    numbers = {name: [cell[name]["value"] for cell in cells] for name in _WORST}
    return {
        "participants": participants,
        "replicates": replicates,
        "axes": {path: list(values) for path, values in axes.items()},
        "planned": {path: planned_arm_value(design, changes, path) for path in axes},
        "cells": cells,
        "worst": {name: numbers[name].index(best(numbers[name])) for name, best in _WORST.items()},
    }


#: Whether the minimum or the maximum of a measure is the worst.
_WORST: dict[str, Callable[[list[float]], float]] = {"power": min, "type_one_error": max}


def _wins(design: MultiArmDesign, table: pa.Table) -> Bools:
    planned = arm_configurations(design)[0]
    return chosen_rejections(design, planned, trials_of(table, planned))


def _cell(design: MultiArmDesign, table: pa.Table, plan: Bools) -> dict[str, Any]:
    planned, null = arm_configurations(design)[:2]
    trials, without = trials_of(table, planned), trials_of(table, null)
    wins = chosen_rejections(design, planned, trials)
    return {
        "power": share(wins),
        "power_difference": plain_measure(
            paired_difference(wins.astype(float), plan.astype(float))
        ),
        "type_one_error": share((without.rejected > 0).any(1)),
        "expected_participants": plain_measure(mean(trials.participants.sum(1))),
        "true_differences": [
            {"comparison": name, "risk_difference": plain_measure(mean(trials.truth[:, k]))}
            for k, name in enumerate(design.comparisons)
        ],
    }
