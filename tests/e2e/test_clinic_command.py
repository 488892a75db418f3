"""`pretese clinic` as a user types it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from pretese.cli import run

SMALL = ["clinic", "paper", "--men", "60", "--workers", "1"]


def clinic(out: Path, *words: str) -> Path:
    assert run([*SMALL, "--out", str(out), "--replications", "2", *words]) == 0
    return out


def test_tables_log_measures_and_figures_are_written(tmp_path):
    out = clinic(tmp_path / "x", "--xes", "--men", "400")
    names = {path.name for path in out.iterdir()}
    assert names >= {
        "patients.csv", "visits.csv", "injections.csv", "procedures.csv", "transfers.csv",
        "milestones.csv", "log.csv", "log.xes", "summary.csv", "replications.csv", "queues.csv",
        "dictionary.csv", "manifest.json", "figures",
    }  # fmt: skip
    assert {path.name for path in (out / "figures").iterdir()} == {
        f"{name}.{kind}" for name in ("queues", "flow", "timeline") for kind in ("png", "svg")
    }
    facts = json.loads((out / "manifest.json").read_text())
    assert facts["replications"] == 2
    assert facts["tables_as_of_day"] == 2191
    summary = pd.read_csv(out / "summary.csv").set_index("measure")
    assert summary.loc["p90_wait_days", "mean"] > 0
    assert summary.loc["theatre_utilisation", "replications"] == 2


def test_the_same_call_gives_the_same_bytes_with_any_number_of_workers(tmp_path):
    one, two = (
        clinic(tmp_path / name, "--workers", workers) for name, workers in (("a", "1"), ("b", "2"))
    )
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    for file in files:
        assert (one / file).read_bytes() == (two / file).read_bytes(), file


def test_parquet_and_csv_hold_the_same(tmp_path):
    text = clinic(tmp_path / "a")
    binary = clinic(tmp_path / "b", "--format", "parquet")
    for name in ("patients", "visits", "transfers", "log"):
        one = pd.read_csv(text / f"{name}.csv")
        other = pd.read_parquet(binary / f"{name}.parquet")
        assert list(one.columns) == list(other.columns)
        assert len(one) == len(other)
    assert (pd.read_parquet(binary / "log.parquet")["status"] == "complete").mean() > 0.9


def test_an_unlimited_clinic_writes_what_simulate_writes(tmp_path):
    out = clinic(tmp_path / "a", "--clinic", "unlimited", "--seed", "4")
    assert (
        run(["simulate", "paper", "--men", "60", "--seed", "4", "--out", str(tmp_path / "b")]) == 0
    )
    for name in ("patients", "visits", "injections", "procedures", "transfers"):
        mine, theirs = (pd.read_csv(tmp_path / each / f"{name}.csv") for each in "ab")
        pd.testing.assert_frame_equal(mine, theirs, obj=name)
    assert out.exists()


def test_a_question_of_capacity_is_answered(capsys):
    words = ["--clinic", "busy-theatre", "--solve", "theatre_lists", "--until",
             "p90_wait_days < 60", "--json"]  # fmt: skip
    assert run(["clinic", "paper", "--men", "300", "--workers", "1", *words]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["answer"] >= 1
    assert [each["met"] for each in answer["tried"]][-1] is True


def test_the_summary_comes_as_json(tmp_path, capsys):
    clinic(tmp_path / "x", "--json")
    document = json.loads(capsys.readouterr().out)
    assert {each["measure"] for each in document["measures"]} >= {"p50_wait_days", "mean_queue"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--clinic", "nowhere"], "there is no such clinic"),
        (["--measure", "joy"], "there is no such measure"),
        (["--solve", "theatre_lists"], "without --until"),
        (["--until", "p90_wait_days < 60"], "without --solve"),
        (["--solve", "nurses", "--until", "p90_wait_days < 60"], "cannot be solved for"),
        (["--solve", "theatre_lists", "--until", "joy > 3"], "there is no measure 'joy'"),
        (["--men", "1"], "--men"),
        (["--format", "sav"], "--format"),
    ],
)
def test_a_wrong_option_is_refused_and_nothing_is_written(tmp_path, capsys, words, said):
    out = tmp_path / "x"
    assert run([*SMALL, "--out", str(out), *words]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_a_run_needs_a_folder(capsys):
    assert run(SMALL) == 2
    assert "--out" in capsys.readouterr().err


def test_a_bad_clinic_file_is_told_in_words(tmp_path, capsys):
    path = tmp_path / "bad.yaml"
    path.write_text("id: bad\ntitle: bad\nopens: 2026-01-05\nholidays: [2020-01-01]\n")
    assert run([*SMALL, "--out", str(tmp_path / "x"), "--clinic", str(path)]) == 2
    assert "bad.yaml" in capsys.readouterr().err


def test_ctrl_c_leaves_complete_tables_of_what_has_happened(tmp_path):
    out = tmp_path / "x"
    endless = tmp_path / "long.yaml"
    endless.write_text(
        "id: long\ntitle: long\nopens: 2026-01-05\nhorizon_days: 100000\nreferrals:\n"
        "  men_per_week: {value: 4, unit: 1/wk, status: derived, source: test}\n"
    )
    words = ["clinic", "paper", "--clinic", str(endless), "--men", "60000", "--out", str(out),
             "--replications", "1"]  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-c", "from pretese.cli import main; main()", *words],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    while not out.with_name("x.partial").exists():  # from here on it listens
        time.sleep(0.1)
    time.sleep(3)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=120)
    assert child.returncode == 130, told
    assert "interrupted on day" in told
    facts = json.loads((out / "manifest.json").read_text())
    day = facts["interrupted_on_day"]
    assert 0 < day < 100000
    patients = pd.read_csv(out / "patients.csv")
    milestones = pd.read_csv(out / "milestones.csv")
    assert len(patients) == len(milestones) > 0
    dated = milestones.drop(columns=["patient_id", "end"])
    assert dated.max().max() <= day + 1e-3
    assert facts["rows"]["log"] == len(pd.read_csv(out / "log.csv"))
