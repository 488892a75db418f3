"""Figures of simulated trials for any size of study, with small files."""

from dataclasses import fields

import numpy as np
import pytest

from pretese.plots.style import svg
from pretese.trial.report.figures.nested_loop_figure import draw_nested
from pretese.trial.report.figures.power_figures import draw_power
from pretese.trial.report.figures.sensitivity_figures import _sides, _ticks, draw_grid, draw_tornado
from pretese.trial.report.figures.trial_figures import STEPS, draw_distribution, draw_zips
from pretese.trial.simulation.trial_results import Outcomes


def outcomes(count, seed):
    rng = np.random.default_rng(seed)
    known = {field.name: np.ones(count) for field in fields(Outcomes) if field.default is not None}
    estimate = rng.normal(0.1, 0.05, count)
    known |= {
        "estimate": estimate,
        "std_error": np.full(count, 0.05),
        "conf_low": estimate - 0.098,
        "conf_high": estimate + 0.098,
        "recruited": rng.choice([60.0, 90.0], count),
        "months": rng.normal(30, 2, count),
    }
    return Outcomes(**known)


def document(truth=0.1):
    point = {
        "participants": 90,
        "measures": {"coverage": {"value": 0.95, "mcse": 0.004, "n": 3000}},
        "truth_on_scale": truth,
        "scale": "risk difference",
    }
    points = [{**point, "effect_percent": 0.0}, {**point, "effect_percent": 100.0}]
    return {"id": "d", "points": points, "sample_size_search": None}


@pytest.fixture(scope="module")
def trials():
    return {(90, 0.0): outcomes(3000, 1), (90, 1.0): outcomes(3000, 2)}


def test_distributions_of_many_trials_are_drawn_in_few_steps(trials):
    figure = draw_distribution(document(), trials)
    size, months = figure.axes
    assert all(len(line.get_xdata()) <= STEPS + 2 for line in months.lines)
    first = months.lines[0]
    assert first.get_ydata()[-1] == 1
    at = np.interp(0.5, first.get_ydata(), first.get_xdata())
    assert at == pytest.approx(np.median(trials[90, 1.0].months), abs=0.1)
    assert sorted(set(size.lines[0].get_xdata()) & {60.0, 90.0}) == [60, 90]


def test_a_zip_needs_a_truth(trials):
    assert draw_zips(document(truth=None), trials) is None
    figure = draw_zips(document(), trials)
    assert "95.0 % cover" in figure.axes[0].get_title(loc="left")


def grid():
    axes = {"dropout": [0.0, 10.0], "site_sd": [0.0, 0.5], "treatment_switching": [0.0, 5.0]}
    down, across = _sides(axes)
    cells = []
    for k, row in enumerate(_ticks(axes, down)):
        for j, column in enumerate(_ticks(axes, across)):
            share = {"value": 0.6 + 0.1 * k - 0.05 * j, "mcse": 0.01}
            cells.append({"at": {**row, **column}, "power": share, "type_one_error": share})
    powers = [cell["power"]["value"] for cell in cells]
    worst = {"power": int(np.argmin(powers)), "type_one_error": int(np.argmax(powers))}
    return {"axes": axes, "cells": cells, "worst": worst, "participants": 90, "replicates": 3000}


def test_a_heat_map_of_three_assumptions_frames_its_worst_cells():
    figure = draw_grid({"id": "d", "sensitivity": grid()})
    power, level = figure.axes
    assert power.get_title(loc="left") == "power: worst 45.0 %"
    assert level.get_title(loc="left") == "type I error: worst 70.0 %"
    (frame,) = power.patches
    assert (frame.get_x() + 0.47, frame.get_y() + 0.47) == pytest.approx((3, 0))
    assert [tick.get_text() for tick in power.get_xticklabels()] == [
        "0, 0",
        "0, 5",
        "10, 0",
        "10, 5",
    ]


def test_a_nested_loop_plot_shows_every_cell_and_marks_the_worst():
    document = grid()
    # In the order of a study: the last axis varies fastest.
    document["cells"].sort(key=lambda cell: [cell["at"][path] for path in document["axes"]])
    for cell in document["cells"]:
        cell["coverage"] = {"value": None, "mcse": None}
    powers = [cell["power"]["value"] for cell in document["cells"]]
    document["worst"] = {"power": int(np.argmin(powers)), "type_one_error": int(np.argmax(powers))}
    high, low, loops = draw_nested({"id": "d", "sensitivity": document}).axes
    drawn = high.patches[0].get_data().values
    assert drawn == pytest.approx([100 * each for each in powers])
    (dot,) = (line for line in high.lines if line.get_marker() == "o")
    assert dot.get_xdata()[0] == np.argmin(powers) + 0.5
    assert high.get_ylim()[0] < 100 * min(powers) - 2
    treatment_switching, site, dropout = (patch.get_data().values for patch in loops.patches)
    assert dropout[:4] == pytest.approx(4 * [2.0])
    assert dropout[4:] == pytest.approx(4 * [2.7])
    assert site[:4] == pytest.approx([1.0, 1.0, 1.7, 1.7])
    assert treatment_switching[:2] == pytest.approx([0.0, 0.7])
    assert high.get_legend_handles_labels()[1] == ["power"]
    assert low.get_legend_handles_labels()[1] == ["type I error"]


def test_ends_of_a_tornado_with_the_same_sign_are_drawn_one_above_the_other():
    def bar(path, low, high):
        ends = {"low": -1.0, "high": 1.0, "planned": 0.0, "path": path, "words": path, "unit": ""}
        pair = {"difference_low": low, "difference_high": high}
        return {**ends, **{name: {"value": v, "mcse": 0.01} for name, v in pair.items()}}

    bars = [bar("a.b.c", -0.3, 0.2), bar("d", -0.1, -0.2)]
    tornado = {"participants": 90, "replicates": 3000, "screened": 7, "unmoved": 5, "bars": bars}
    figure = draw_tornado({"id": "d", "tornado": tornado})
    rows = [
        (patch.get_y(), patch.get_height(), patch.get_width()) for patch in figure.axes[0].patches
    ]
    assert rows[0][:2] == rows[1][:2]
    assert rows[2][0] > rows[3][0]
    assert [width for _, _, width in rows] == pytest.approx([-30, 20, -10, -20])
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert labels == ["b.c (0)", "d (0)"]
    assert svg(figure).startswith("<svg")


def test_two_points_are_not_connected():
    measure = {"value": 0.8, "mcse": 0.01}
    points = [
        {
            "participants": participants,
            "effect_percent": effect,
            "measures": {"rejection": measure},
            "exact": None,
        }
        for participants in (200, 300, 400)
        for effect in (0.0, 100.0)
    ]
    design = {"id": "plain", "sample_size_search": None, "points": points}
    size, effect = draw_power([design]).axes
    joined = [
        [line.get_linestyle() for line in axes.lines if line.get_marker() == "o"]
        for axes in (size, effect)
    ]
    assert joined == [["-"], ["None"]]
