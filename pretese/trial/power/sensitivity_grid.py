"""Sensitivity of power to combinations of assumptions.

All cells use common random numbers, so that differences from the plan are paired.
"""

from dataclasses import dataclass
from typing import Any

from estimate.performance.measures import paired_difference
from pretese.trial.design.alternatives import (
    Axes,
    planned_value,
    settings_of,
    with_settings,
)
from pretese.trial.design.design_file import DesignFile
from pretese.trial.measures.performance import measures
from pretese.trial.measures.trial_means import mean, plain_measure, won
from pretese.trial.power.runner import Runner
from pretese.trial.simulation.trial_results import Outcomes, Point
from simulate.scenario import Scenario


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
