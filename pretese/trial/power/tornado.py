"""A tornado plot of power: one assumption of a design at a time, varied over its range.

All ends use common random numbers, so that differences from the plan are paired.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from estimate.performance.measures import paired_difference
from pretese.trial.design.alternatives import SOURCED, Axes, planned_value, with_settings
from pretese.trial.design.design_file import DesignFile
from pretese.trial.measures.trial_means import plain_measure, won
from pretese.trial.power.runner import Runner
from pretese.trial.simulation.trial_results import Outcomes
from protocol.errors import InputError
from simulate.scenario import Scenario
from simulate.scenario.parameter_paths import parameters, with_values

#: Number of trials of the first round, which screens assumptions for influence.
SCREENED = 100

#: Maximum number of assumptions in a tornado plot.
SHOWN = 12

#: Number of times that an end of a range is moved towards the planned value, before the planned
#: value is used.
HALVINGS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One assumption varied over its range, the others fixed, with the differences in power."""

    path: str
    words: str
    unit: str
    planned: float | None
    ends: tuple[float, float]
    differences: tuple[dict[str, Any], dict[str, Any]]

    @property
    def span(self) -> float:
        """Largest difference in power at either end."""
        return max(abs(float(each["value"] or 0.0)) for each in self.differences)


@dataclass(frozen=True, slots=True)
class Tornado:
    """Assumptions in order of influence; ``screened`` is the number examined."""

    participants: int
    replicates: int
    screened: int
    unmoved: int
    bars: list[Bar]


def study_tornado(
    design: DesignFile, scenario: Scenario | None, axes: Axes, participants: int, seed: int,
    replicates: int, runner: Runner,
) -> Tornado:  # fmt: skip
    """Vary one assumption at a time over its range.

    Ranges are those of the sensitivity axes, and the ``sweep`` of every number with status assumed.
    A first round of few trials ranks assumptions by the change in the mean statistic, which has a
    smaller Monte Carlo error than the proportion of rejections; only the most influential are
    simulated in full.
    """
    ranges = assumed_ranges(design, scenario, axes)
    few = min(SCREENED, replicates)
    screened = _both_ends(design, scenario, ranges, participants, seed, few, runner)
    plan, found = screened
    moved = {
        path: max(abs(np.nanmean(end.z) - np.nanmean(plan.z)) for end in pair)
        for path, pair in found.items()
        if any(not np.array_equal(end.z, plan.z, equal_nan=True) for end in pair)
    }
    chosen = sorted(moved, key=lambda path: -moved[path])[:SHOWN]
    kept = {path: ranges[path] for path in chosen}
    plan, found = _both_ends(design, scenario, kept, participants, seed, replicates, runner)
    bars = [_bar(design, scenario, path, ranges[path], plan, found[path]) for path in kept]
    bars.sort(key=lambda bar: -bar.span)
    return Tornado(participants, replicates, len(ranges), len(ranges) - len(moved), bars)


def assumed_ranges(
    design: DesignFile, scenario: Scenario | None, axes: Axes
) -> dict[str, tuple[float, float]]:
    """Return the range of every assumption that has one, by its path.

    An end that is not allowed together with the other numbers of the scenario is moved towards the
    planned value, by half of the distance at a time.
    """
    found = {} if scenario is None else parameters(scenario)
    ranges = {
        path: _possible(scenario, path, number.value, number.sweep)
        for path, number in found.items()
        if scenario is not None and number.sweep
    }
    for name in SOURCED:
        number = getattr(design, name)
        if number is not None and number.sweep:
            ranges[name] = number.sweep
    return ranges | {path: (min(values), max(values)) for path, values in axes.items()}


def _possible(
    scenario: Scenario, path: str, planned: float, ends: tuple[float, float]
) -> tuple[float, float]:
    """Return both ends of a range, moved to the planned value until the scenario allows them."""
    low, high = (_allowed(scenario, path, planned, end) for end in ends)
    return low, high


def _allowed(scenario: Scenario, path: str, planned: float, end: float) -> float:
    for _ in range(HALVINGS):
        try:
            with_values(scenario, {path: end}, where="sensitivity")
        except InputError:
            end = (planned + end) / 2
        else:
            return end
    return planned


Pair = tuple[Outcomes, Outcomes]


def _both_ends(
    design: DesignFile, scenario: Scenario | None, ranges: Mapping[str, tuple[float, float]],
    participants: int, seed: int, replicates: int, runner: Runner,
) -> tuple[Outcomes, dict[str, Pair]]:  # fmt: skip
    """Return the replicates of the plan, and of both ends of every range."""
    changed = [(design, scenario)]
    for path, ends in ranges.items():
        changed += [with_settings(design, scenario, {path: end}) for end in ends]
    jobs = runner.jobs(changed, [(participants, 1.0)], seed)
    plan, *found = runner.do(jobs, replicates, f"{design.id}: tornado")
    at = participants, 1.0
    pairs = zip(found[::2], found[1::2], strict=True)
    return plan[at], {p: (low[at], high[at]) for p, (low, high) in zip(ranges, pairs, strict=True)}


def _bar(
    design: DesignFile, scenario: Scenario | None, path: str, ends: tuple[float, float],
    plan: Outcomes, found: Pair,
) -> Bar:  # fmt: skip
    low, high = (plain_measure(paired_difference(won(end), won(plan))) for end in found)
    words, unit = assumption_words(scenario, path), assumption_unit(scenario, path)
    return Bar(path, words, unit, planned_value(design, scenario, path), ends, (low, high))


def assumption_unit(scenario: Scenario | None, path: str) -> str:
    """Return the unit of an assumption; empty if it is not known."""
    numbers = {} if scenario is None else parameters(scenario)
    return numbers[path].unit if path in numbers else _UNITS.get(path.split(".")[0], "")


def assumption_words(scenario: Scenario | None, path: str) -> str:
    """Return the label of a path."""
    if scenario is None or not path.startswith("population.correlations."):
        return path
    pair = scenario.population.correlations[int(path.split(".")[2])]
    return f"correlation of {pair.between[0]} and {pair.between[1]}"


_UNITS = {
    **SOURCED, "dropout": "%", "treatment_switching": "%", "risks": "%",
    "control_risk": "log odds added",
}  # fmt: skip


def tornado_document(tornado: Tornado) -> dict[str, Any]:
    """Return a tornado as plain values."""
    return {
        "participants": tornado.participants,
        "replicates": tornado.replicates,
        "screened": tornado.screened,
        "unmoved": tornado.unmoved,
        "bars": [
            {
                "path": bar.path,
                "words": bar.words,
                "unit": bar.unit,
                "planned": bar.planned,
                "low": bar.ends[0],
                "high": bar.ends[1],
                "difference_low": bar.differences[0],
                "difference_high": bar.differences[1],
            }
            for bar in tornado.bars
        ],
    }
