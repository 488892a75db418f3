"""Sensitivity of trials with several arms: grids, one assumption at a time, refused paths."""

import json

import pytest
import yaml

import pretese as pt
from pretese.cli import run
from pretese.trial.design.alternatives import with_settings
from pretese.trial.design.design_reader import parse_design
from pretese.trial.measures.exact_power import exact_size_power
from pretese.trial.multi_arm.design.design_file import parse_multi_arm
from pretese.trial.multi_arm.sensitivity.arm_settings import planned_arm_value, with_arm_settings
from protocol.errors import InputError

COMMON = {
    "id": "example",
    "title": "Example",
    "question": "Which one helps?",
    "participants": 240,
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [120]}],
    "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
}
FIELDS = {**COMMON, "risks_percent": {"placebo": 40, "hcg": 50, "ufsh": 65}}
SCENARIO = {
    **COMMON,
    "scenario": "rct-two-arm",
    "control": "none",
    "arms": {"none": {"regimen": "no-therapy"}, "guided": {"regimen": "fsh-guided"}},
}


def read(base=FIELDS, **changes):
    return parse_multi_arm(yaml.safe_dump({**base, **changes}, sort_keys=False), "file.yaml")


def test_exact_power_over_assumptions_with_one_treatment_is_that_of_two_arms():
    axes = {"control_risk": [-0.3, 0, 0.2]}
    fields = {**COMMON, "risks_percent": {"placebo": 40, "ufsh": 60}}
    found = pt.design(fields).power(replicates=20, sensitivity=axes, progress=False).to_dict()
    two = {**COMMON, "risks": {"control_percent": 40, "treated_percent": 60}}
    design = parse_design(yaml.safe_dump(two), "file.yaml")
    cells = found["sensitivity"]["cells"]
    assert [cell["at"] for cell in cells] == [{"control_risk": c} for c in (-0.3, 0, 0.2)]
    for cell in cells:
        changed, _ = with_settings(design, None, cell["at"])
        assert cell["exact_power"] == pytest.approx(exact_size_power(changed, 240), abs=1e-7)


def test_cells_are_paired_with_the_plan_and_the_worst_is_named():
    study = pt.design({**FIELDS, "sensitivity": {"risks.ufsh": [45, 65, 75]}}).power(
        replicates=300, tornado=True, progress=False
    )
    document = study.to_dict()
    low, plan, high = document["sensitivity"]["cells"]
    assert plan["power"] == document["sizes"][0]["power"]
    assert plan["power_difference"] == {"value": 0.0, "mcse": 0.0, "n": 300}
    assert low["power"]["value"] < plan["power"]["value"] < high["power"]["value"]
    expected = low["power"]["value"] - plan["power"]["value"]
    assert low["power_difference"]["value"] == pytest.approx(expected)
    assert document["sensitivity"]["worst"]["power"] == 0
    assert document["sensitivity"]["planned"] == {"risks.ufsh": 65.0}
    (bar,) = document["tornado"]["bars"]
    assert (bar["low"], bar["high"], bar["planned"]) == (45, 75, 65)
    assert bar["difference_low"]["value"] == pytest.approx(expected)
    assert "Worst case: lowest power" in str(study)
    assert "One assumption at a time" in str(study)
    assert "Worst case: lowest power" in study.report()
    assert all(study.plot(name).axes for name in ("power", "sensitivity", "tornado"))


def test_numbers_of_a_scenario_and_of_both_kinds_of_design_are_assumptions():
    design = read(SCENARIO)
    changed, numbers = with_arm_settings(
        design, {}, {"behaviour.missed_share": 0.1, "site_sd": 0.3, "dropout.guided": 5}
    )
    assert numbers == {"behaviour.missed_share": 0.1}
    assert changed.site_sd.value == 0.3
    assert changed.dropout_percent == {"guided": 5}
    assert planned_arm_value(design, {}, "dropout") == 0
    assert planned_arm_value(changed, {}, "dropout") is None
    assert planned_arm_value(design, {}, "site_sd") == 0
    _, shifted = with_arm_settings(design, {}, {"control_risk": 0.5})
    assert len(shifted) > 1


@pytest.mark.parametrize(
    ("base", "path", "message"),
    [
        (FIELDS, "dropout.other", "there is no such arm"),
        (FIELDS, "risks", "risks belong to an arm"),
        (SCENARIO, "risks.guided", "the design has a scenario and no fixed event rates"),
        (FIELDS, "behaviour.missed_share", "fixed event rates have no such assumption"),
    ],
)
def test_paths_that_are_not_assumptions_are_refused(base, path, message):
    with pytest.raises(InputError, match=message):
        with_arm_settings(read(base), {}, {path: 10})


def test_parts_of_a_grid_are_joined_to_the_same_results(tmp_path, capsys):
    file = tmp_path / "design.yaml"
    file.write_text(yaml.safe_dump(FIELDS, sort_keys=False))
    words = ["power", str(file), "--replicates", "40", "--sensitivity", "dropout=0,20"]
    assert run([*words, "--json"]) == 0
    expected = json.loads(capsys.readouterr().out)
    for part in ("1/2", "2/2"):
        assert run([*words, "--out", str(tmp_path / "out"), "--part", part]) == 0
    capsys.readouterr()
    assert run([*words, "--out", str(tmp_path / "out"), "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == expected
    assert (tmp_path / "out" / "results" / "sensitivity.svg").exists()
    assert run([*words, "--tornado", "--out", str(tmp_path / "x"), "--part", "1/2"]) == 2
    assert "depends on earlier results" in capsys.readouterr().err
