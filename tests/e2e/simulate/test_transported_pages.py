"""Every result shows its transported numbers with their source and target populations."""

import json

import pytest

import pretese
from pretese.cli import run
from simulate.scenario.load import load
from tests.support.output.transported import assert_shown

FOUND = load("paper").transported
COUNT = f"{len(FOUND.numbers)} numbers of the scenario are transported"


def assert_listed(document):
    """Assert that a document holds every number with both populations and doses."""
    assert document == FOUND.model_dump(mode="json")


def test_true_effects(capsys):
    assert run(["truth", "paper", "--patients", "200"]) == 0
    assert COUNT in " ".join(capsys.readouterr().out.split())
    assert run(["truth", "paper", "--patients", "200", "--json"]) == 0
    assert_listed(json.loads(capsys.readouterr().out)["transported"])


def test_a_simulated_cohort(tmp_path, capsys):
    out = tmp_path / "cohort"
    assert run(["simulate", "paper", "--patients", "20", "--out", str(out)]) == 0
    assert COUNT in " ".join(capsys.readouterr().err.split())
    assert_listed(json.loads((out / "manifest.json").read_text())["transported"])


def test_a_clinic(tmp_path, capsys):
    out = tmp_path / "clinic"
    words = [
        "clinic",
        "paper",
        "--clinic",
        "unlimited",
        "--patients",
        "20",
        "--replicates",
        "1",
        "--no-figures",
    ]
    assert run([*words, "--out", str(out)]) == 0
    assert "numbers of the scenario are transported" in " ".join(capsys.readouterr().out.split())
    assert_listed(json.loads((out / "manifest.json").read_text())["transported"])


@pytest.mark.parametrize("design", ["superiority-any-sperm", "three-arms-live-birth"])
def test_a_power_study(design, capsys):
    words = ["power", design, "--replicates", "20", "--participants", "60", "--workers", "1"]
    run([*words])
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.count("are transported: published for other patients or doses") == 1
    assert f"{len(FOUND.numbers)} numbers" in shown


def test_a_calibration(capsys):
    run(["calibrate", "paper", "--check", "--replicates", "50"])
    assert COUNT in " ".join(capsys.readouterr().out.split())


def test_a_recovery_study(tmp_path, capsys):
    out = tmp_path / "recover"
    words = ["recover", "null", "--replicates", "2", "--no-figures", "--truth-patients", "1000"]
    run([*words, "--workers", "1", "--out", str(out)])
    assert "transported from other patients or doses" in " ".join(capsys.readouterr().out.split())
    page = (out / "results" / "recovery.md").read_text()
    for each in FOUND.numbers:
        assert f"| {each.from_population} | {each.from_dose} |" in page
    assert FOUND.to_population in page
    listed = json.loads((out / "results" / "manifest.json").read_text())["transported"]
    assert {each["number"] for each in listed["numbers"]} == {e.number for e in FOUND.numbers}


def test_the_page_of_a_cohort():
    pytest.importorskip("fastapi")
    from starlette.testclient import TestClient

    from pretese.web.application import create_application
    from pretese.web.security.settings import ServerSettings

    assert pretese.scenario("paper").to_dict()["transported"]["numbers"]
    client = TestClient(create_application(ServerSettings(max_seconds=60)))
    assert_shown(client.get("/cohort", params={"patients": "50"}).text, FOUND)
