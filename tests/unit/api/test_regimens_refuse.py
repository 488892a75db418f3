"""Bad arguments of the protocol family are refused in one line that names the argument."""

from pathlib import Path

import pandas as pd
import pytest

import pretese
from pretese.api.protocols.read_regimen import regimen
from pretese.commands.option_names import options_named
from protocol.errors import Fault, ProofError

ON = "2022-03-31"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("p17.yaml").write_text("patient: p-17\nstarted: 2022-03-01\nphases: [hcg]\n")


@pytest.fixture
def guided():
    return regimen("fsh-guided")


#: Bad arguments, and how the message begins: the argument, and what is wrong with it.
BAD = {
    "no question": (lambda r: r.decide(), "decide: it needs one patient; give either `patient` or"),
    "two questions": (lambda r: r.decide("p17.yaml", month=2), "decide: it needs one patient"),
    "month 0": (
        lambda r: r.decide(month=0),
        "decide: month: 0 is out of range; give a month from 1 to 12",
    ),
    "half a month": (lambda r: r.decide(month=2.5), "decide: month: 2.5 is out of range"),
    "true month": (lambda r: r.decide(month=True), "decide: month: true is out of range"),
    "no phase": (
        lambda r: r.decide(month=2, previous_phase="x"),
        "decide: previous_phase: 'x' is not a",
    ),
    "words as FSH": (lambda r: r.decide(month=2, fsh="high"), "fsh: 'high' is not a number"),
    "FSH not a number": (lambda r: r.decide(month=2, fsh=float("nan")), "fsh: nan is not a number"),
    "FSH below 0": (lambda r: r.decide(month=2, fsh=-1), "decide: measurements.0.value: -1"),
    "FSH as mass": (lambda r: r.decide(month=2, fsh=9, fsh_unit="ng/mL"), "decide: measurements.0"),
    "unit 5": (lambda r: r.decide(month=2, fsh=9, fsh_unit=5), "fsh_unit: 5 is not a text"),
    "no unit": (lambda r: r.decide(month=2, findings={"testosterone": 40}), "decide: measurements"),
    "None found": (
        lambda r: r.decide(month=2, findings={"semen": None}),
        "decide: findings semen: null",
    ),
    "comma": (
        lambda r: r.decide(month=2, findings=["fsh=9,8 IU/L"]),
        "decide: findings fsh: '9,8' is not a",
    ),
    "3 found": (lambda r: r.decide(month=2, findings=3), "decide: findings: 3 is not understood"),
    "[3] found": (
        lambda r: r.decide(month=2, findings=[3]),
        "decide: findings: 3 is not understood",
    ),
    "bad date": (
        lambda r: r.decide(month=2, decision_date="31.3.2022"),
        "decision_date: '31.3.2022' is not a date",
    ),
    "far date": (
        lambda r: r.decide(month=2, decision_date="2200-01-01"),
        "decision_date: 2200-01-01 is not allowed",
    ),
    "no file": (lambda r: r.decide("none.yaml"), "none.yaml: there is no such file"),
    "no patient": (lambda r: r.decide(17), "patient: it holds one value"),
    "field": (lambda r: r.decide({"patient": "a", "fhs": 1}), "patient: fhs: there is no such"),
    "file and FSH": (
        lambda r: r.decide("p17.yaml", fsh=9),
        "decide: patient: findings come from the file",
    ),
    "no start": (lambda r: r.schedule(None), "start: null is not a date"),
    "NaT": (lambda r: r.schedule(pd.NaT), "start: NaT is not a date"),
    "both": (lambda r: r.schedule(ON, fsh=9, decisions="hcg"), "schedule: FSH and decisions are"),
    "no path": (lambda r: r.schedule(ON, decisions="ufsh"), "decisions: ufsh begins no path"),
    "decision 3": (lambda r: r.schedule(ON, decisions=[3]), "decisions: 3 is not a text"),
    "unit": (lambda r: r.schedule(ON, fsh=9, fsh_unit=None), "fsh_unit: null is not a text"),
    "no FSH": (lambda r: regimen("hcg-only").schedule(ON, fsh=9), "fsh: hcg-only decides nothing"),
    "time": (
        lambda r: r.schedule(ON).to_ics(pseudonym="17", time="8", timezone="UTC"),
        "time: '8' is not a time of day",
    ),
    "half a time": (
        lambda r: r.schedule(ON).to_ics(pseudonym="17", time="08:00"),
        "calendar: time and zone come",
    ),
    "zone": (
        lambda r: r.schedule(ON).to_ics(pseudonym="17", time="08:00", timezone="X"),
        "timezone: 'X' is not a time",
    ),
    "no folder": (
        lambda r: r.schedule(ON).write_ics("no/x.ics", pseudonym="17"),
        "path: no/x.ics: it cannot be",
    ),
    "path 3": (lambda r: r.schedule(ON).write_ics(3, pseudonym="17"), "path: 3 is not a path"),
    "format": (
        lambda r: r.show("pdf"),
        "format: 'pdf' is not allowed; take one of: text, markdown",
    ),
    "table": (lambda r: r.show("dmn", table="x"), "table: there is no table 'x'"),
    "regimen": (lambda r: regimen("nope"), "nope: there is no regimen of this name"),
    "regimen 3": (lambda r: regimen(3), "regimen: 3 is not a name"),
    "parameter": (lambda r: regimen(fsh_hi=3), "fsh-guided.yaml: parameters.fsh_hi: there is no"),
    "name": (lambda r: regimen("fsh-guided", name=3), "fsh-guided.yaml: parameters.name: there is"),
    "no number": (lambda r: regimen(fsh_high="a"), "fsh_high: 'a' is not a number"),
    "no cases": (lambda r: regimen("gap2.yaml").test(), "gap2.yaml: there is no such file"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_argument_is_named_in_one_line(guided, case):
    call, message = BAD[case]
    with pytest.raises(pretese.InputError) as caught:
        call(guided)
    assert str(caught.value).startswith(message)
    assert "--" not in str(caught.value)


OPTIONS = {"month": "--month M", "decide": "pretese decide", "findings": "--finding"}


@pytest.mark.parametrize(
    ("where", "named"),
    [
        ("month", "--month"),
        ("decide", "pretese decide"),
        ("decide: measurements.0", "pretese decide: measurements.0"),
        ("findings testosterone", "--finding testosterone"),
        ("month.yaml", "month.yaml"),
        ("months", "months"),
        ("log.csv", "log.csv"),
        ("", ""),
    ],
)
def test_a_command_line_names_options(where, named):
    fault = Fault(where, "findings fsh", "`month` is 0", "give `month` or `week`")
    with pytest.raises(ProofError) as caught, options_named(OPTIONS):
        raise ProofError([fault, fault])
    field = "--finding fsh" if where == "decide" else "findings fsh"
    expected = Fault(named, field, "--month M is 0", "give --month M or `week`")
    assert caught.value.faults == (expected, expected)
