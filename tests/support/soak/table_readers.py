"""Every command that reads a table: a clean table, and the result for any other."""

import io
import json
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path

import click

from pretese.cli import run
from pretese.clinic.clinic_files import load_clinic
from pretese.commands.options import show_assumptions
from protocol.errors import InputError
from tests.support.faults.faulty_tables import plain

PLAN = (
    "treatment: arm\noutcome: won\nmethods: [unadjusted]\n"
    "covariates: {ward: {categorical: [n, s]}}\n"
)
PATIENTS = [
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
INTERIM = [
    ["control_events", "control_participants", "treated_events", "treated_participants"],
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
    return run(["monitor", "three-analyses", str(folder / "table.csv"), "--json"])


def waiting_list(folder):
    """Read it as `pretese clinic` does, which then simulates for a while."""
    (folder / "own.yaml").write_text(CLINIC)
    try:
        _, waiting = load_clinic(str(folder / "own.yaml"), show_assumptions)
    except InputError as error:
        click.echo(f"error: {error}", err=True)
        return 2
    click.echo(json.dumps([[each.place, each.days_waited] for each in waiting]))
    return 0


TABLES = {
    "analyse": (analyse, PATIENTS),
    "audit": (audit, LOG),
    "monitor": (monitor, INTERIM),
    "clinic": (waiting_list, WAITING),
}

#: Differences that another notation of the same table may cause: row numbers and file names.
WRITING = ("row", "rows", "data_assumptions", "data_sha256", "interim_data_sha256")


def answer(name, data):
    """Return the exit code, the output without such differences, and standard error."""
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
