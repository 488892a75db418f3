"""The soak itself: it counts attempts, continues where it stopped, and reports failures."""

import importlib
import json

import pytest

from tests.support.soak import run
from tests.support.soak.ledger import Ledger, Outcome, Row
from tests.support.soak.subjects import Subject, subjects

# Its first import draws a random number, which the guard would attribute to our code.
importlib.import_module("rich.style")


def soak(out, *words):
    return run.main(["--seconds", "0", "--out", str(out), *words])


def rows(out):
    return json.loads((out / "soak.json").read_text())["rows"]


def test_a_soak_tries_each_kind_of_file_and_continues_where_it_stopped(tmp_path, capsys):
    assert soak(tmp_path, "--only", "yaml") == 0
    first = rows(tmp_path)
    assert all(row["begun"] == row["tried"] == 1 for row in first.values())
    assert soak(tmp_path, "--only", "yaml") == 0
    assert {name: row["tried"] for name, row in rows(tmp_path).items()} == dict.fromkeys(first, 2)
    assert (tmp_path / "soak.md").read_text() in capsys.readouterr().out
    assert soak(tmp_path, "--only", "yaml", "--seed", "2") == 0
    assert all(row["tried"] == 1 for row in rows(tmp_path).values())


def test_every_command_and_writer_is_a_subject():
    kinds = {kind: [each for each in subjects() if each.kind == kind] for kind in
             ("yaml", "tables", "commands", "writers", "disks", "rivals", "signals")}  # fmt: skip
    numbers = [len(found) for found in kinds.values()]
    assert all(n >= minimum for n, minimum in zip(numbers, [15, 4, 15, 16, 16, 16, 8], strict=True))
    assert len({each.name for each in subjects()}) == len(subjects())


def failing(folder, seed):
    def attempt(n):
        if n == 0:
            raise ZeroDivisionError("by hand")
        return Outcome(injected=1, bytes_lost=7) if n == 1 else None

    return attempt


def test_failures_and_losses_are_reported_with_exit_code_1(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(run, "subjects", lambda: [Subject("file: mine", "yaml", 1, failing)])
    assert soak(tmp_path) == 1
    assert "ZeroDivisionError: by hand" in capsys.readouterr().out
    assert soak(tmp_path) == 1
    assert "| file: mine | 1 | 0 | 1 | 0 | 0 | 7 | 1 |" in capsys.readouterr().out
    assert soak(tmp_path) == 1
    assert rows(tmp_path)["file: mine"]["exhausted"]


def test_an_attempt_that_ended_the_process_is_reported(tmp_path):
    path = tmp_path / "soak.json"
    Ledger(path, 1, "code", {"x": Row(begun=3)}).save("x")
    found = Ledger.opened(path, 1, "code")
    assert found.rows["x"].failures == ["attempt 2 ended the process"]
    assert Ledger.opened(path, 1, "other").rows == {}


@pytest.mark.parametrize("seconds", [0.001])
def test_an_endless_attempt_is_stopped(seconds, monkeypatch):
    monkeypatch.setattr(run, "LONGEST", seconds)

    def endless(n):
        while True:
            pass

    assert "took more than" in run._outcome(endless, 0).failures[0]
