"""Commands with several processes: a worker that dies, and signals that stop the run."""

import multiprocessing
import signal
from contextlib import contextmanager

import numpy as np
import pytest

from pretese.article.simulated.run_studies import run_studies
from pretese.cli import run
from pretese.clinic.clinic_files import load_clinic
from pretese.clinic.clinic_task import Task, first_run, replicates
from simulate.clinic.capacity.replicates import measured, summary
from tests.support.paper import paper


def kill_workers_once():
    """Return a progress bar that kills every worker at its first update."""
    moved = []

    def tell(*_: object) -> None:
        if not moved:
            for worker in multiprocessing.active_children():
                worker.kill()
        moved.append(True)

    return tell, moved


def test_killed_workers_change_no_result_of_reproduce(monkeypatch):
    monkeypatch.setattr("pretese.article.simulated.run_studies.BLOCK", 4)
    whole = run_studies(paper(), 7, 20)
    tell, moved = kill_workers_once()
    found = run_studies(paper(), 7, 20, 2, tell)
    assert len(moved) == 5
    assert list(found) == list(whole)
    assert all(np.array_equal(found[name], whole[name], equal_nan=True) for name in whole)


def test_killed_workers_change_no_result_of_a_clinic(monkeypatch):
    clinic, listed = load_clinic("one-centre")
    tables = []
    for workers in (1, 2):
        task = Task(clinic, paper(), 3, 60, listed, 6, workers)
        tell, moved = kill_workers_once()
        monkeypatch.setattr(
            "pretese.clinic.clinic_task.optional_progress", lambda *_, t=tell: bar(t)
        )
        first = measured(first_run(task, lambda: False))
        moved.clear()
        done = replicates(task, first, 6, 0.1, "p90_wait_days", lambda: False)
        assert len(moved) == 5
        tables.append(summary(done))
    assert tables[0].equals(tables[1])


@contextmanager
def bar(tell):
    yield tell


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_nothing_half_written_by_reproduce(
    tmp_path, monkeypatch, capsys, number, code
):
    monkeypatch.setattr(
        "pretese.screen.progress.optional_progress",
        lambda *_, **__: bar(lambda *_: signal.raise_signal(number)),
    )
    before = signal.getsignal(signal.SIGTERM)
    words = ["reproduce", "--replicates", "60", "--workers", "2", "--out", str(tmp_path / "out")]
    assert run(words) == code
    assert capsys.readouterr().err.strip() == "interrupted"
    assert list(tmp_path.iterdir()) == []
    assert multiprocessing.active_children() == []
    assert signal.getsignal(signal.SIGTERM) == before


def test_sigterm_leaves_the_clinic_tables_complete_up_to_that_moment(tmp_path, monkeypatch, capsys):
    moved = []

    def tell(*_: object) -> None:
        moved.append(True)
        if len(moved) == 2:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("pretese.clinic.clinic_task.optional_progress", lambda *_: bar(tell))
    out = tmp_path / "out"
    words = ["clinic", "paper", "--patients", "60", "--replicates", "30", "--no-figures"]
    assert run([*words, "--workers", "2", "--out", str(out)]) == 143
    assert (out / "manifest.json").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert capsys.readouterr().err.strip().endswith("interrupted")


def test_a_signal_that_the_caller_ignores_stays_ignored(monkeypatch):
    """Under `nohup` a closed terminal does not end the run."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        monkeypatch.setattr("pretese.cli.app.main", lambda **_: signal.raise_signal(signal.SIGHUP))
        assert run([]) == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
