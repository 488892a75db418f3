"""Sensitivity of power to the assumptions: a grid, and a tornado of single ones.

All cells use common random numbers, so that differences from the plan are paired.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from estimate.performance.measures import paired_difference
from pretese.trial.design.alternatives import (
    SOURCED,
    Axes,
    planned_value,
    settings_of,
    with_settings,
)
from pretese.trial.design.design_file import DesignFile
from pretese.trial.power.runner import Runner
from pretese.trial.power.summary import measures
from pretese.trial.power.trial_means import mean, plain_measure, won
from pretese.trial.simulation.trial_results import Outcomes, Point
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
class Cell:
    """One combination of assumptions.

    Attributes
    ----------
    at
        Path to value.
    risks
        Probability of success in all participants if randomised to control and to treatment.
    numbers
        Power, its paired difference from the plan, type I error, bias, coverage; each with its
        Monte Carlo standard error, as plain values. Power counts rejections in favour of treatment.
        For a sequential trial bias and coverage are those of the median-unbiased estimate and the
        final interval.
    """

    at: dict[str, float]
    risks: tuple[float, float]
    numbers: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SensitivityGrid:
    """A design at every combination of assumptions, at one sample size."""

    participants: int
    replicates: int
    axes: Axes
    planned: dict[str, float | None]
    cells: list[Cell]


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


def study_grid(
    design: DesignFile, scenario: Scenario | None, axes: Axes, participants: int, seed: int,
    replicates: int, runner: Runner,
) -> SensitivityGrid:  # fmt: skip
    """Simulate a design in every cell, with and without the effect."""
    settings = settings_of(axes)
    changed = grid_settings(design, scenario, axes)
    jobs = runner.jobs(changed, grid_points(participants), seed)
    plan, *found = runner.do(jobs, replicates, f"{design.id}: sensitivity grid")
    wins = won(plan[participants, 1.0])
    cells = [
        _cell(cell_design, at, wins, trials[participants, 0.0], trials[participants, 1.0])
        for at, (cell_design, _), trials in zip(settings, changed[1:], found, strict=True)
    ]
    planned = {path: planned_value(design, scenario, path) for path in axes}
    return SensitivityGrid(participants, replicates, axes, planned, cells)


def grid_settings(
    design: DesignFile, scenario: Scenario | None, axes: Axes
) -> list[tuple[DesignFile, Scenario | None]]:
    """Return the plan, and design and scenario of every combination of assumptions."""
    cells = (with_settings(design, scenario, at) for at in settings_of(axes))
    return [(design, scenario), *cells]


def grid_points(participants: int) -> list[Point]:
    """Return the points of a grid: without and with the planned effect."""
    return [(participants, 0.0), (participants, 1.0)]


def _cell(
    design: DesignFile, at: dict[str, float], plan: Any, none: Outcomes, full: Outcomes
) -> Cell:
    with_effect = measures(design, full)
    numbers = {
        "power": mean(won(full)),
        "power_difference": paired_difference(won(full), plan),
        "type_one_error": measures(design, none)["rejection"],
        "bias": with_effect.get("final_bias", with_effect["bias"]),
        "coverage": with_effect.get("final_coverage", with_effect["coverage"]),
    }
    risks = float(full.risk_control.mean()), float(full.risk_treated.mean())
    return Cell(at, risks, {name: plain_measure(each) for name, each in numbers.items()})


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
    numbers = {} if scenario is None else parameters(scenario)
    unit = numbers[path].unit if path in numbers else _UNITS.get(path.split(".")[0], "")
    low, high = (plain_measure(paired_difference(won(end), won(plan))) for end in found)
    words = _words(scenario, path)
    return Bar(path, words, unit, planned_value(design, scenario, path), ends, (low, high))


def _words(scenario: Scenario | None, path: str) -> str:
    """Return the label of a path."""
    if scenario is None or not path.startswith("population.correlations."):
        return path
    pair = scenario.population.correlations[int(path.split(".")[2])]
    return f"correlation of {pair.between[0]} and {pair.between[1]}"


_UNITS = {
    **SOURCED, "dropout": "%", "treatment_switching": "%", "risks": "%",
    "control_risk": "log odds added",
}  # fmt: skip

#: Whether the minimum or the maximum of a measure is the worst.
_WORST = {"power": min, "type_one_error": max, "coverage": min}


def grid_document(grid: SensitivityGrid) -> dict[str, Any]:
    """Return a grid as plain values; ``worst`` contains the index of the worst cell.

    The minimum of many estimates is expected to be below the minimum of the true values; common
    random numbers keep this bias small.
    """
    numbers = {name: [cell.numbers[name]["value"] for cell in grid.cells] for name in _WORST}
    known = {name: [v for v in values if v is not None] for name, values in numbers.items()}
    return {
        "participants": grid.participants,
        "replicates": grid.replicates,
        "axes": {path: list(values) for path, values in grid.axes.items()},
        "planned": grid.planned,
        "cells": [
            {
                "at": cell.at,
                "risk_control": cell.risks[0],
                "risk_treated": cell.risks[1],
                **cell.numbers,
            }
            for cell in grid.cells
        ],
        "worst": {
            name: numbers[name].index(_WORST[name](values))
            for name, values in known.items()
            if values
        },
    }


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
