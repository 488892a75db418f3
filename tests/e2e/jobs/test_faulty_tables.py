"""Every command that reads a table: a fault in it is one message and exit code 2, or no fault."""

import importlib
import io
import json
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path

import click
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pretese.cli import run
from pretese.clinic.clinic_files import load_clinic
from pretese.commands.options import tell_assumptions
from protocol.errors import InputError
from tests.support.faulty_tables import SAME, faulty, plain

# It draws a random number when it is first imported, which the guard would take for ours.
importlib.import_module("rich.style")

PLAN = "treatment: arm\noutcome: won\nmethods: [crude]\ncovariates: {ward: {categorical: [n, s]}}\n"
PEOPLE = [
    ["arm", "won", "ward"],
    *([str(k % 2), str(k // 2 % 2), "ns"[k // 4 % 2]] for k in range(24)),
    ["1", "1", "n"],
]
LOG = [
    ["patient", "date", "event", "drug", "amount", "unit"],
    ["a", "2022-03-01", "start", "", "", ""],
    ["a", "2022-03-01", "injection", "hcg", "2000", "IU"],
    ["a", "2022-03-31", "fsh", "", "9.8", "IU/L"],
    ["b", "2022-03-01", "injection", "hcg", "2000", "IU"],
]
LOOKS = [
    ["control_events", "control_men", "treated_events", "treated_men"],
    ["22", "60", "30", "60"],
    ["48", "120", "66", "120"],
]
WAITING = [
    ["waiting_for", "days_waited"],
    ["first visit", "3"],
    ["micro-TESE", "120"],
    ["micro-TESE", "20"],
]
CLINIC = """id: own
title: Own
opens: 2026-01-05
horizon_days: 365
referrals: {waiting_list: table.csv}
"""


def analyse(folder):
    (folder / "plan.yaml").write_text(PLAN)
    table, plan = str(folder / "table.csv"), str(folder / "plan.yaml")
    return run(["analyse", table, "--plan", plan, "--json"])


def audit(folder):
    return run(["audit", str(folder / "table.csv"), "--json"])


def monitor(folder):
    return run(["monitor", "three-looks", str(folder / "table.csv"), "--json"])


def waiting_list(folder):
    """Read it as `pretese clinic` does, which then simulates for a while."""
    (folder / "own.yaml").write_text(CLINIC)
    try:
        _, waiting = load_clinic(str(folder / "own.yaml"), tell_assumptions)
    except InputError as error:
        click.echo(f"error: {error}", err=True)
        return 2
    click.echo(json.dumps([[each.place, each.days_waited] for each in waiting]))
    return 0


TABLES = {
    "analyse": (analyse, PEOPLE),
    "audit": (audit, LOG),
    "monitor": (monitor, LOOKS),
    "clinic": (waiting_list, WAITING),
}

#: What a different writing of the same table may change: numbers of rows, and names of the file.
WRITING = ("row", "rows", "data_assumptions", "data_sha256", "looks_sha256")


def answer(name, data):
    """Return the exit code, the answer without what its writing changes, and standard error."""
    out, err = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "table.csv").write_bytes(data)
        with redirect_stdout(out), redirect_stderr(err):
            code = TABLES[name][0](Path(folder))
    return code, without_writing(json.loads(out.getvalue())) if code == 0 else None, err.getvalue()


def without_writing(found):
    if isinstance(found, dict):
        return {key: without_writing(each) for key, each in found.items() if key not in WRITING}
    return [without_writing(each) for each in found] if isinstance(found, list) else found


@cache
def clean(name):
    code, found, err = answer(name, plain(TABLES[name][1]).encode())
    assert (code, err.strip()) == (0, "")
    return found


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("way", SAME)
def test_a_table_may_be_written_in_many_ways(name, way):
    code, found, err = answer(name, SAME[way](TABLES[name][1]))
    assert (code, found) == (0, clean(name)), err


@settings(max_examples=25)
@given(data=st.data())
@pytest.mark.parametrize("name", TABLES)
def test_a_fault_is_one_message_or_changes_nothing(name, data):
    broken = data.draw(faulty(TABLES[name][1]))
    code, found, err = answer(name, broken.data)
    if code == 0:
        assert found == clean(name), broken
    else:
        assert (code, broken.same) == (2, False), broken
        assert all("table.csv" in line for line in err.splitlines() if "error:" in line), err
        assert "Traceback" not in err


def test_a_level_called_none_is_analysed_from_either_format(tmp_path):
    plan = PLAN.replace("[n, s]", '["None", "NA", s]')
    (tmp_path / "plan.yaml").write_text(plan)
    people = pd.DataFrame(PEOPLE[1:], columns=PEOPLE[0]).astype({"arm": int, "won": int})
    people["ward"] = ["None", "NA", "s", None, "s"] * 5
    people.to_csv(tmp_path / "x.csv", index=False)
    people.to_parquet(tmp_path / "x.parquet")
    answers = []
    for name in ("x.csv", "x.parquet"):
        out = io.StringIO()
        with redirect_stdout(out):
            words = ["analyse", str(tmp_path / name), "--plan", str(tmp_path / "plan.yaml")]
            assert run([*words, "--json"]) == 0
        answers.append(without_writing(json.loads(out.getvalue())))
    assert answers[0] == answers[1]
    assert answers[0]["missing"]["analysed"] == 20
    assert answers[0]["missing"]["left_out"] == {"ward is missing": 5}


def test_dates_are_not_analysed_as_numbers(tmp_path, capsys):
    (tmp_path / "plan.yaml").write_text(PLAN.replace("{categorical: [n, s]}", "numeric"))
    people = pd.DataFrame(PEOPLE[1:], columns=PEOPLE[0]).astype({"arm": int, "won": int})
    people["ward"] = pd.date_range("2022-03-01", periods=len(people))
    people.to_csv(tmp_path / "x.csv", index=False)
    people.to_parquet(tmp_path / "x.parquet")
    for name, said in (
        ("x.csv", "x.csv: row 2, ward: '2022-03-01' is not a number; a date is no number"),
        ("x.parquet", "x.parquet: ward: it holds dates or times (timestamp[ns]), not numbers"),
    ):
        assert run(["analyse", str(tmp_path / name), "--plan", str(tmp_path / "plan.yaml")]) == 2
        assert said in capsys.readouterr().err
