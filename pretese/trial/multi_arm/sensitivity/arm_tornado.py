"""Power of several arms with one assumption at a time at either end of its range."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from estimate.core.arrays import Bools, Floats
from estimate.performance.measures import paired_difference
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.design.alternatives import Axes
from pretese.trial.measures.trial_means import plain_measure
from pretese.trial.multi_arm.design.configurations import arm_configurations
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.sensitivity.arm_grid import Simulated, chosen_rejections
from pretese.trial.multi_arm.sensitivity.arm_settings import planned_arm_value, with_arm_settings
from pretese.trial.multi_arm.simulate_arms import trials_of
from pretese.trial.power.tornado import (
    SCREENED,
    SHOWN,
    Bar,
    Tornado,
    assumed_ranges,
    assumption_unit,
    assumption_words,
    tornado_document,
)

#: Statistics (replicate, comparison) and rejections (replicate,) of one setting.
_Seen = tuple[Floats, Bools]


def arm_tornado(
    design: MultiArmDesign, changes: dict[str, float], axes: Axes, participants: int,
    replicates: int, simulated: Simulated,
) -> dict[str, Any]:  # fmt: skip
    """Return the tornado as plain values; see `pretese.trial.power.tornado.study_tornado`.

    The first round ranks assumptions by the largest change of the mean statistic of a comparison.
    """
    pair = design.pair(design.treatments[0])
    scenario = scenario_of(pair, changes)
    ranges = assumed_ranges(pair, scenario, axes)
    few = min(SCREENED, replicates)
    plan, found = _both_ends(design, changes, ranges, few, simulated)
    moved = {
        path: max(_change(plan[0], end[0]) for end in ends)
        for path, ends in found.items()
        if any(not np.array_equal(end[0], plan[0], equal_nan=True) for end in ends)
    }
    kept = {path: ranges[path] for path in sorted(moved, key=lambda path: -moved[path])[:SHOWN]}
    plan, found = _both_ends(design, changes, kept, replicates, simulated)
    bars = [
        Bar(
            path, assumption_words(scenario, path), assumption_unit(scenario, path),
            planned_arm_value(design, changes, path), ends,
            _differences(plan, found[path]),
        )
        for path, ends in kept.items()
    ]  # fmt: skip
    bars.sort(key=lambda bar: -bar.span)
    screened = len(ranges)
    return tornado_document(
        Tornado(participants, replicates, screened, screened - len(moved), bars)
    )


def _change(plan: Floats, end: Floats) -> float:
    return float(np.abs(np.nanmean(end, 0) - np.nanmean(plan, 0)).max())


def _differences(plan: _Seen, ends: tuple[_Seen, _Seen]) -> tuple[dict[str, Any], dict[str, Any]]:
    low, high = (
        plain_measure(paired_difference(end[1].astype(float), plan[1].astype(float)))
        for end in ends
    )
    return low, high


def _both_ends(
    design: MultiArmDesign, changes: dict[str, float], ranges: Mapping[str, tuple[float, float]],
    replicates: int, simulated: Simulated,
) -> tuple[_Seen, dict[str, tuple[_Seen, _Seen]]]:  # fmt: skip
    """Return what is seen as planned, and at both ends of every range."""
    settings = [(design, changes)]
    for path, ends in ranges.items():
        settings += [with_arm_settings(design, changes, {path: end}) for end in ends]
    tables = simulated(settings, replicates, True, f"{design.id}: tornado")
    plan, *found = (
        _seen(changed, table) for (changed, _), table in zip(settings, tables, strict=True)
    )
    pairs = zip(found[::2], found[1::2], strict=True)
    return plan, dict(zip(ranges, pairs, strict=True))


def _seen(design: MultiArmDesign, table: Any) -> _Seen:
    planned = arm_configurations(design)[0]
    trials = trials_of(table, planned)
    return trials.z, chosen_rejections(design, planned, trials)
