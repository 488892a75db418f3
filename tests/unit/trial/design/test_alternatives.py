"""Designs with replaced assumptions, in sensitivity grids and tornado plots."""

import numpy as np
import pytest

import pretese
from pretese.jobs.storage.blocks import Store
from pretese.trial.design.alternatives import MOST, planned_value, settings_of, with_settings
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.power.runner import Runner
from pretese.trial.power.sensitivity_grid import grid_document, study_grid
from pretese.trial.power.tornado import (
    assumed_ranges,
    assumption_words,
    study_tornado,
    tornado_document,
)
from protocol.errors import InputError
from protocol.reading.documents import validate
from simulate.scenario.load import load_scenario
from simulate.scenario.parameter_paths import parameters, with_values

PLAIN = {
    "id": "plain",
    "title": "",
    "question": "",
    "participants": 200,
    "risks": {"control_percent": 20, "treated_percent": 50},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [60]}],
    "endpoint": {"endpoint_month": 4},
}


def plain(**changes):
    return validate({**PLAIN, **changes}, DesignFile, "test")


@pytest.fixture
def runner(tmp_path):
    return Runner(Store(tmp_path), None, lambda done, total, doing="": None)


def test_every_combination_is_a_cell_and_too_many_are_refused():
    cells = settings_of({"dropout": (0, 10), "treatment_switching": (1, 2, 3)})
    assert len(cells) == 6
    assert cells[1] == {"dropout": 0, "treatment_switching": 2}
    with pytest.raises(InputError, match="from 1 to 400"):
        settings_of({"dropout": tuple(range(MOST + 1))})


def test_a_name_changes_both_arms_and_a_path_changes_one():
    both, _ = with_settings(plain(), None, {"dropout": 10})
    assert (both.dropout.control_percent, both.dropout.treated_percent) == (10, 10)
    one, _ = with_settings(plain(), None, {"treatment_switching.treated_percent": 5})
    assert (one.treatment_switching.control_percent, one.treatment_switching.treated_percent) == (
        0,
        5,
    )
    risk, _ = with_settings(plain(), None, {"risks.control_percent": 30})
    assert (risk.risks.control_percent, risk.risks.treated_percent) == (30, 50)


def test_the_control_risk_shifts_the_log_odds_of_both_arms():
    changed, _ = with_settings(plain(), None, {"control_risk": np.log(2)})
    # Odds 1/4 become 1/2, odds 1 become 2.
    assert changed.risks.control_percent == pytest.approx(100 / 3)
    assert changed.risks.treated_percent == pytest.approx(200 / 3)
    design, scenario = read_design("three-analyses")[0], load_scenario("rct-two-arm")
    before = parameters(scenario)["spermatogenesis.spermatogenic_liability.azfc"].value
    _, moved = with_settings(design, scenario, {"control_risk": 0.5})
    assert parameters(moved)["spermatogenesis.spermatogenic_liability.azfc"].value == pytest.approx(
        before + 0.5
    )


def test_a_site_effect_can_be_added_to_a_design_without_one():
    design, scenario = read_design("three-analyses")[0], load_scenario("rct-two-arm")
    assert planned_value(design, scenario, "site_sd") == 0
    changed, _ = with_settings(design, scenario, {"site_sd": 0.7})
    assert changed.site_sd.value == 0.7
    sited = read_design("minimisation-eight-sites")[0]
    assert with_settings(sited, scenario, {"site_sd": 1})[0].site_sd.sweep == (0, 1)
    with pytest.raises(InputError, match=r"site_sd: 1\.3 is outside the range .* from 0 to 1"):
        with_settings(sited, scenario, {"site_sd": 1.3})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dropout": 120}, "dropout.control_percent"),
        ({"spermatogenesis.hidden": 1}, "no such assumption"),
        ({"dropout.arm": 1}, "dropout.arm"),
        ({"site_sd": 0.4}, "fixed event rates"),
    ],
)
def test_what_cannot_be_is_bad_input(settings, message):
    with pytest.raises(InputError, match=message):
        with_settings(plain(), None, settings)


def test_planned_values_are_those_of_the_files():
    design, scenario = read_design("minimisation-eight-sites")[0], load_scenario("rct-two-arm")
    assert planned_value(design, scenario, "dropout") == 5
    assert planned_value(design, scenario, "site_sd") == 0.4
    assert planned_value(design, scenario, "behaviour.missed_share") == 0
    assert planned_value(design, scenario, "control_risk") == 0
    uneven = plain(dropout={"control_percent": 5})
    assert planned_value(uneven, None, "dropout") is None
    assert planned_value(uneven, None, "dropout.control_percent") == 5


def test_ranges_are_the_sweeps_and_the_ends_of_the_axes():
    design, scenario = read_design("minimisation-eight-sites")[0], load_scenario("rct-two-arm")
    ranges = assumed_ranges(design, scenario, {"dropout": (20, 0, 10)})
    assert ranges["dropout"] == (0, 20)
    assert ranges["site_sd"] == (0, 1)
    assert ranges["behaviour.missed_share"] == (0, 0.2)
    assert "spermatogenesis.treatment.direct" not in ranges  # calibrated: it has no range


def test_the_worst_cell_of_a_grid_has_the_highest_dropout(runner):
    axes = {"dropout": (0.0, 30.0), "control_risk": (0.0, 1.0)}
    grid = study_grid(plain(participants=100), None, axes, 100, 3, 400, runner)
    document = grid_document(grid)
    cells = document["cells"]
    assert [cell["at"] for cell in cells] == settings_of(axes)
    assert cells[0]["power_difference"] == {"value": 0.0, "mcse": 0.0, "n": 400}
    minimum = min(range(4), key=lambda k: cells[k]["power"]["value"])
    assert document["worst"]["power"] == minimum
    assert cells[minimum]["at"]["dropout"] == 30
    assert cells[2]["power"]["value"] < cells[0]["power"]["value"]
    assert document["planned"] == {"dropout": 0.0, "control_risk": 0.0}
    assert cells[1]["risk_control"] > cells[0]["risk_control"] + 0.1


def test_a_cell_with_a_harmful_treatment_has_no_power(runner):
    grid = study_grid(
        plain(participants=100), None, {"risks.control_percent": (20.0, 85.0)}, 100, 3, 400, runner
    )
    document = grid_document(grid)
    good, harmed = document["cells"]
    assert good["power"]["value"] > 0.8
    assert harmed["power"]["value"] == 0
    assert document["worst"]["power"] == 1
    gap = harmed["power"]["value"] - good["power"]["value"]
    assert harmed["power_difference"]["value"] == pytest.approx(gap)


def test_a_tornado_begins_with_the_most_influential_assumption(runner):
    axes = {"dropout": (0.0, 40.0), "treatment_switching": (0.0, 1.0), "control_risk": (0.0, 0.0)}
    tornado = study_tornado(plain(participants=80), None, axes, 80, 3, 300, runner)
    document = tornado_document(tornado)
    assert (document["screened"], document["unmoved"]) == (3, 1)
    first, second = document["bars"]
    assert (first["path"], first["low"], first["high"]) == ("dropout", 0, 40)
    assert first["difference_low"]["value"] == 0
    assert first["difference_high"]["value"] < -3 * first["difference_high"]["mcse"]
    assert second["path"] == second["words"] == "treatment_switching"
    assert abs(second["difference_high"]["value"]) < abs(first["difference_high"]["value"])


def test_a_path_with_an_index_has_a_label():
    scenario = load_scenario("rct-two-arm")
    assert assumption_words(scenario, "behaviour.missed_share") == "behaviour.missed_share"
    words = assumption_words(scenario, "population.correlations.0.correlation")
    assert words == "correlation of fsh_iu_l and lh_iu_l"


def test_every_end_of_a_tornado_is_allowed_by_the_scenario():
    scenario = load_scenario("paper")
    design = pretese.design("three-analyses")._file
    ranges = assumed_ranges(design, scenario, {})
    found = parameters(scenario)
    for path, (low, high) in ranges.items():
        for end in (low, high):
            with_values(scenario, {path: end}, where="test")  # refused: InputError
        declared = found[path].sweep
        assert min(declared) <= low <= high <= max(declared), path
    # 20 years leave no time to be infertile for a year since adult age.
    assert ranges["population.adult_age_years"] == (16, 18.5)
