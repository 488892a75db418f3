"""`pretese power` and `report` where counts are drawn in place of men."""

import json

import pandas as pd
import pytest

from pretese.cli import run

DESIGN = """
id: looks
title: plain risks, three looks
question: Is it found?
men: 360
risks: {control_percent: 40, treated_percent: 55}
randomisation: {repeats: [1]}
sites: [{name: one, at_months: [0], men_in_12_months: [60]}]
endpoint: {known_after_months: 4}
monitoring: {looks_percent: [33.333333, 66.666667, 100], alpha_percent: 2.5, sides: 1}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("counts")
    (folder / "looks.yaml").write_text(DESIGN, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def study(folder):
    words = ["power", str(folder / "looks.yaml"), "--replicates", "40000", "--seed", "3"]
    assert run([*words, "--out", str(folder / "study")]) == 0
    return folder / "study" / "results"


def test_a_hundred_thousand_trials_agree_with_enumeration(study):
    (design,) = json.loads((study / "power.json").read_text())["designs"]
    assert design["drawn"] == {"by": "counts", "why": None}
    for point in design["points"]:
        assert abs(point["exact"]["z"]) < 3.5
        assert point["truth"]["risk_difference"]["mcse"] == 0
    trials = pd.read_parquet(study / "looks.parquet")
    assert len(trials) == 80_000
    assert set(trials.analysed) == {120, 240, 360}


def test_a_run_that_grows_keeps_the_trials_it_has(study, folder):
    before = pd.read_parquet(study / "looks.parquet")
    words = ["power", str(folder / "looks.yaml"), "--replicates", "50000", "--seed", "3"]
    assert run([*words, "--out", str(folder / "study"), "--resume", "--workers", "2"]) == 0
    after = pd.read_parquet(study / "looks.parquet")
    assert len(after) == 100_000
    pd.testing.assert_frame_equal(
        after[after.trial < 40_000].reset_index(drop=True), before.reset_index(drop=True)
    )


def test_every_man_can_be_asked_for(folder, capsys):
    words = ["power", str(folder / "looks.yaml"), "--replicates", "100", "--by-men", "--json"]
    assert run(words) == 0
    (design,) = json.loads(capsys.readouterr().out)["designs"]
    assert design["drawn"]["by"] == "men"
    assert "asked" in design["drawn"]["why"]


def test_designs_that_are_compared_share_their_men(folder, capsys):
    other = DESIGN.replace("id: looks", "id: fixed").split("monitoring")[0]
    (folder / "fixed.yaml").write_text(other, encoding="utf-8")
    names = [str(folder / f"{name}.yaml") for name in ("looks", "fixed")]
    assert run(["power", *names, "--replicates", "200", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["drawn"]["by"] for each in found["designs"]] == ["men", "men"]
    full = next(row for row in found["paired"] if row["effect_percent"] == 100)
    # Two-sided 5 % and one-sided 2.5 % decide alike on nearly all of the same men.
    assert abs(full["power_difference"]["value"]) < 0.06
    assert 0 < full["power_difference"]["mcse"] < 0.02


def test_the_page_tells_trials_drawn_man_by_man(study, folder):
    assert run(["report", str(folder / "study")]) == 0
    page = (folder / "study" / "report.html").read_text()
    assert "These were drawn man by man" in page
    assert "<summary>It stops early for efficacy" in page
    assert 3 <= page.count(" (trial ") <= 5
