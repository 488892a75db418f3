"""`pretese power` and `report` with simulated counts in place of participants."""

import json

import pandas as pd
import pytest

from pretese.cli import run

DESIGN = """
id: analyses
title: fixed event rates, three analyses
question: Is it found?
participants: 360
risks: {control_percent: 40, treated_percent: 55}
randomisation: {block_sizes: [2]}
sites: [{name: one, from_month: [0], recruitment_per_year: [60]}]
endpoint: {endpoint_month: 4}
monitoring: {analyses_percent: [33.333333, 66.666667, 100], alpha_percent: 2.5, sides: 1}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("counts")
    (folder / "analyses.yaml").write_text(DESIGN, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def study(folder):
    words = ["power", str(folder / "analyses.yaml"), "--replicates", "40000", "--seed", "3"]
    assert run([*words, "--out", str(folder / "study")]) == 0
    return folder / "study" / "results"


def test_a_hundred_thousand_trials_agree_with_enumeration(study):
    (design,) = json.loads((study / "power.json").read_text())["designs"]
    assert design["simulation"] == {"level": "binomial", "reason": None}
    for point in design["points"]:
        assert abs(point["exact"]["z"]) < 3.5
        assert point["truth"]["risk_difference"]["mcse"] == 0
    trials = pd.read_parquet(study / "analyses.parquet")
    assert len(trials) == 80_000
    assert set(trials.analysed) == {120, 240, 360}


def test_an_extended_run_keeps_its_trials(study, folder):
    before = pd.read_parquet(study / "analyses.parquet")
    words = ["power", str(folder / "analyses.yaml"), "--replicates", "50000", "--seed", "3"]
    assert run([*words, "--out", str(folder / "study"), "--resume", "--workers", "2"]) == 0
    after = pd.read_parquet(study / "analyses.parquet")
    assert len(after) == 100_000
    pd.testing.assert_frame_equal(
        after[after.trial < 40_000].reset_index(drop=True), before.reset_index(drop=True)
    )


def test_patient_level_simulation_can_be_requested(folder, capsys):
    words = [
        "power",
        str(folder / "analyses.yaml"),
        "--replicates",
        "100",
        "--patient-level",
        "--json",
    ]
    assert run(words) == 0
    (design,) = json.loads(capsys.readouterr().out)["designs"]
    assert design["simulation"]["level"] == "patient-level"
    assert "requested" in design["simulation"]["reason"]


def test_designs_that_are_compared_share_their_participants(folder, capsys):
    other = DESIGN.replace("id: analyses", "id: fixed").split("monitoring")[0]
    (folder / "fixed.yaml").write_text(other, encoding="utf-8")
    names = [str(folder / f"{name}.yaml") for name in ("analyses", "fixed")]
    assert run(["power", *names, "--replicates", "200", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["simulation"]["level"] for each in found["designs"]] == [
        "patient-level",
        "patient-level",
    ]
    full = next(row for row in found["paired"] if row["effect_percent"] == 100)
    # Two-sided 5 % and one-sided 2.5 % give the same decision in almost all trials with the same
    # participants.
    assert abs(full["power_difference"]["value"]) < 0.06
    assert 0 < full["power_difference"]["mcse"] < 0.02


def test_the_page_states_that_trials_were_simulated_at_patient_level(study, folder):
    assert run(["report", str(folder / "study")]) == 0
    page = (folder / "study" / "report.html").read_text()
    assert "These trials were simulated at patient level" in page
    assert "<summary>Early stop for efficacy" in page
    assert 3 <= page.count(" (trial ") <= 5
