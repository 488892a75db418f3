"""`pretese clinic` from the command line."""

import errno
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from pretese.cli import run
from pretese.clinic.clinic_files import TABLES
from pretese.jobs.signals import StopRequest

SMALL = ["clinic", "paper", "--patients", "60", "--workers", "1"]
QUICK = ["--replicates", "2", "--no-figures"]


def clinic(out: Path, *words: str) -> Path:
    assert run([*SMALL, "--out", str(out), *QUICK, *words]) == 0
    return out


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """Return the folder of a run of two replicates, as CSV and XES."""
    return clinic(tmp_path_factory.mktemp("clinic") / "x", "--xes", "--patients", "400")


def test_tables_log_and_measures_are_written(written):
    names = {path.name for path in written.iterdir()}
    assert names == {
        *(f"{name}.csv" for name in TABLES), "log.xes", "summary.csv", "replicates.csv",
        "queues.csv", "dictionary.csv", "manifest.json", "datapackage.json", "truth",
    }  # fmt: skip
    listed = pd.read_csv(written / "dictionary.csv").groupby("table")["column"].agg(set)
    for name in ("patients", "visits", "procedures"):
        held = set(pd.read_csv(written / f"{name}.csv", nrows=1))
        assert listed[name] - {"site"} == held, name
    facts = json.loads((written / "manifest.json").read_text())
    assert facts["replicates"] == 2
    assert facts["tables_as_of_day"] == 2191
    summary = pd.read_csv(written / "summary.csv").set_index("measure")
    assert summary.loc["p90_wait_days", "mean"] > 0
    assert summary.loc["theatre_utilisation", "replicates"] == 2


def test_figures_are_drawn(tmp_path):
    out = clinic(tmp_path / "x", "--figures")
    assert {path.name for path in (out / "figures").iterdir()} == {
        f"{name}.{kind}" for name in ("queues", "flow", "timeline") for kind in ("png", "svg")
    }
    facts = json.loads((out / "manifest.json").read_text())
    assert "figures/flow.svg" in facts["files"]


def test_the_same_call_gives_the_same_bytes_with_any_number_of_workers(written, tmp_path):
    again = clinic(tmp_path / "b", "--xes", "--patients", "400", "--workers", "2")
    files = sorted(path.relative_to(written) for path in written.rglob("*") if path.is_file())
    for file in files:
        assert (written / file).read_bytes() == (again / file).read_bytes(), file


def test_parquet_and_csv_contain_the_same_values(written, tmp_path):
    binary = clinic(tmp_path / "b", "--patients", "400", "--format", "parquet")
    for name in ("patients", "visits", "transfers", "log"):
        one = pd.read_csv(written / f"{name}.csv")
        other = pd.read_parquet(binary / f"{name}.parquet")
        assert list(one.columns) == list(other.columns)
        assert len(one) == len(other)
    assert (pd.read_parquet(binary / "log.parquet")["status"] == "complete").mean() > 0.9


def test_tables_of_an_unlimited_clinic_equal_those_of_simulate(tmp_path):
    clinic(tmp_path / "a", "--clinic", "unlimited", "--seed", "4", "--replicates", "1")
    words = ["simulate", "paper", "--patients", "60", "--seed", "4", "--exact-days"]
    assert run([*words, "--out", str(tmp_path / "b")]) == 0
    for name in ("patients", "visits", "injections", "procedures", "transfers"):
        mine, theirs = (pd.read_csv(tmp_path / each / f"{name}.csv") for each in "ab")
        pd.testing.assert_frame_equal(mine, theirs, obj=name)


def test_the_capacity_that_reaches_a_goal_is_found(capsys):
    words = ["--clinic", "busy-theatre", "--solve", "theatre_lists", "--goal",
             "p90_wait_days < 60", "--json"]  # fmt: skip
    assert run(["clinic", "paper", "--patients", "300", "--workers", "1", *words]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["answer"] >= 1
    assert [each["met"] for each in answer["tried"]][-1] is True


def test_the_summary_is_printed_as_json(tmp_path, capsys):
    clinic(tmp_path / "x", "--json")
    document = json.loads(capsys.readouterr().out)
    assert {each["measure"] for each in document["measures"]} >= {"p50_wait_days", "mean_queue"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--clinic", "nowhere"], "there is no such clinic"),
        (["--measure", "joy"], "there is no such measure"),
        (["--solve", "theatre_lists"], "without --goal"),
        (["--goal", "p90_wait_days < 60"], "without --solve"),
        (["--solve", "nurses", "--goal", "p90_wait_days < 60"], "cannot be solved for"),
        (["--solve", "theatre_lists", "--goal", "joy > 3"], "there is no measure 'joy'"),
        (["--patients", "1"], "--patients"),
        (["--format", "ods"], "--format"),
    ],
)
def test_a_wrong_option_is_refused_and_nothing_is_written(tmp_path, capsys, words, message):
    out = tmp_path / "x"
    assert run([*SMALL, "--out", str(out), *words]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_a_run_needs_a_folder(capsys):
    assert run(SMALL) == 2
    assert "--out" in capsys.readouterr().err


def test_a_bad_clinic_file_is_refused_with_a_message(tmp_path, capsys):
    path = tmp_path / "bad.yaml"
    path.write_text("id: bad\ntitle: bad\nopens: 2026-01-05\nholidays: [2020-01-01]\n")
    assert run([*SMALL, "--out", str(tmp_path / "x"), "--clinic", str(path)]) == 2
    assert "bad.yaml" in capsys.readouterr().err


def interrupting(after: int):
    """Return a progress function that interrupts once this many patients have been referred."""

    @contextmanager
    def progress(*_: object) -> Iterator[Callable[[int, int], None]]:
        def tell(done: int, _: int) -> None:
            if done >= after:
                signal.raise_signal(signal.SIGINT)

        yield tell

    return progress


def test_ctrl_c_leaves_complete_tables_up_to_that_moment(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("pretese.clinic.clinic_task.optional_progress", interrupting(after=300))
    before = signal.getsignal(signal.SIGINT)
    out = tmp_path / "x"
    assert run(["clinic", "paper", "--out", str(out), "--no-figures"]) == 130
    assert signal.getsignal(signal.SIGINT) == before
    assert "interrupted on day" in capsys.readouterr().err
    facts = json.loads((out / "manifest.json").read_text())
    day = facts["interrupted_on_day"]
    assert 0 < day < 2191
    assert facts["replicates"] == 1
    patients = pd.read_csv(out / "patients.csv")
    milestones = pd.read_csv(out / "milestones.csv")
    assert 300 <= len(patients) == len(milestones) < 400
    dated = milestones.drop(columns=["patient_id", "end"])
    assert day - 30 < dated.max().max() <= day + 1e-3
    assert facts["rows"]["log"] == len(pd.read_csv(out / "log.csv"))


def test_ctrl_c_twice_stops_at_once_and_leaves_no_files(tmp_path, monkeypatch):
    monkeypatch.setattr("pretese.clinic.clinic_task.optional_progress", interrupting(after=20))
    monkeypatch.setattr("simulate.clinic.flow.run_clinic.EVENTS_AT_A_TIME", 20)
    monkeypatch.setattr(
        StopRequest, "__call__", lambda self: False
    )  # as if the first had not been handled yet
    out = tmp_path / "x"
    assert run(["clinic", "paper", "--out", str(out), "--no-figures"]) == 130
    assert not out.exists()
    assert not out.with_name("x.partial").exists()


def test_a_full_disk_is_reported_with_a_message_and_leaves_nothing(tmp_path, monkeypatch, capsys):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("simulate.clinic.courses.disk_store.Store.put", full)
    out = tmp_path / "x"
    assert run([*SMALL, "--out", str(out)]) == 2
    message = capsys.readouterr().err
    assert "No space left on device" in message
    assert "TMPDIR" in message
    assert not out.exists()
