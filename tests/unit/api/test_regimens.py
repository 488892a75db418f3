"""The protocol family of the public interface, compared with its commands."""

import datetime as dt
import inspect
import json
from pathlib import Path

import icalendar
import numpy as np
import pandas as pd
import pytest

from pretese.api.display import Shown
from pretese.api.protocols.decisions import Decision, Schedule
from pretese.api.protocols.proofs import CaseResults, Proof
from pretese.api.protocols.read_regimen import regimen
from pretese.api.protocols.regimens import Regimen
from protocol.errors import ProofError
from tests.support.command_lines import answer, command_of

PATIENT = """\
patient: p-17
started: 2022-03-01
phases: [hcg]
measurements:
  - {date: 2022-03-30, name: fsh, value: 9.8, unit: mIU/mL, source: report 4711}
"""
GAP = """\
id: gap
version: 1.0.0
extends: hcg-only
tables:
  phase:
    question: q
    inputs: [month]
    rules:
      - {id: A, when: {month: 1}, then: hcg, rationale: b, source: paper, locator: l,
         status: assumed}
"""
ON = "2022-03-31"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("p17.yaml").write_text(PATIENT)
    Path("gap.yaml").write_text(GAP)


@pytest.fixture
def guided():
    return regimen("fsh-guided")


#: A command line, and the equivalent call of the interface.
SAME = {
    "first month": (
        ["decide", "--month", "1", "--decision-date", ON],
        lambda: regimen().decide(month=1, decision_date=ON),
    ),
    "numbers": (
        ["decide", "--month", "2", "--previous-phase", "hcg", "--fsh", "11.3", "--fsh-unit",
         "mIU/mL", "--decision-date", ON],
        lambda: regimen().decide(
            month=2, previous_phase="hcg", fsh=11.3, fsh_unit="mIU/mL",
            decision_date=dt.date(2022, 3, 31),
        ),
    ),
    "findings": (
        ["decide", "--month", "2", "--finding", "testosterone=1100 ng/dL", "--finding",
         "semen=no sperm", "--decision-date", ON],
        lambda: regimen().decide(
            month=2, decision_date=ON,
            findings={"testosterone": (1100, "ng/dL"), "semen": "no sperm"},
        ),
    ),
    "findings as texts": (
        ["decide", "--month", "4", "--previous-phase", "hcg", "--finding", "semen=sperm",
         "--decision-date", ON],
        lambda: regimen().decide(
            month=4, previous_phase="hcg", findings=["semen=sperm"], decision_date=ON
        ),
    ),
    "nothing known": (
        ["decide", "--month", "2", "--decision-date", ON],
        lambda: regimen().decide(month=2, decision_date=dt.datetime(2022, 3, 31, 9)),
    ),
    "out of scope": (
        ["decide", "--month", "3", "--previous-phase", "stopped", "--decision-date", ON],
        lambda: regimen().decide(month=3, previous_phase="stopped", decision_date=ON),
    ),
    "a patient's file": (
        ["decide", "--patient", "p17.yaml", "--decision-date", ON],
        lambda: regimen().decide("p17.yaml", decision_date=ON),
    ),
    "a limit of one's own": (
        ["decide", "--month", "2", "--previous-phase", "hcg", "--fsh", "12", "--set", "fsh_high=12",
         "--decision-date", ON],
        lambda: regimen("fsh-guided", fsh_high=12).decide(
            month=2, previous_phase="hcg", fsh=12, decision_date=ON
        ),
    ),
    "another regimen": (
        ["decide", "--regimen", "ufsh-only", "--month", "1", "--decision-date", ON],
        lambda: regimen("ufsh-only").decide(month=1, decision_date=ON),
    ),
    "schedule": (["schedule", "--start", ON], lambda: regimen().schedule(ON)),
    "schedule by FSH": (
        ["schedule", "--start", ON, "--fsh", "20", "--fsh", "9", "--fsh-unit", "mIU/mL"],
        lambda: regimen().schedule(dt.date(2022, 3, 31), fsh=[20, 9], fsh_unit="mIU/mL"),
    ),
    "schedule by one FSH": (
        ["schedule", "--start", ON, "--fsh", "9", "--set", "fsh_high=8"],
        lambda: regimen(fsh_high=8).schedule(ON, fsh=9),
    ),
    "schedule by decisions": (
        ["schedule", "--start", ON, "--decisions", "hcg, hcg-ufsh"],
        lambda: regimen().schedule(ON, decisions=["hcg", "hcg-ufsh"]),
    ),
    "schedule of another": (
        ["schedule", "--start", ON, "--regimen", "hcg-only"],
        lambda: regimen("hcg-only").schedule(ON),
    ),
    "proof": (["regimen", "verify", "fsh-guided"], lambda: regimen("fsh-guided").verify()),
    "proof of one's own": (
        ["regimen", "verify", "fsh-guided", "--set", "fsh_high=12"],
        lambda: regimen("fsh-guided", fsh_high=12).verify(),
    ),
    "cases": (["regimen", "test", "hcg-only"], lambda: regimen("hcg-only").test()),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_interface_and_command_give_the_same_document_and_the_same_text(case):
    words, call = SAME[case]
    found = call()
    assert json.loads(answer(*words, "--json").out) == found.to_dict()
    assert found.to_json() + "\n" == answer(*words, "--json").out
    assert str(found) + "\n" == answer(*words).out


@pytest.mark.parametrize("case", SAME)
def test_repr_is_one_short_line_and_the_page_is_html(case):
    found = SAME[case][1]()
    assert len(repr(found)) <= 100
    assert "\n" not in repr(found)
    assert repr(found).startswith(f"<{type(found).__name__}: ")
    assert found._repr_html_().startswith("<p")


#: Command to the functions of the interface that take its options.
DOORS = {
    "decide": (regimen, Regimen.decide),
    "schedule": (regimen, Regimen.schedule, Schedule.write_ics),
    "regimen show": (regimen, Regimen.show),
    "regimen verify": (regimen, Regimen.verify),
    "regimen test": (regimen, Regimen.test, CaseResults.text),
}
#: Parameters of commands whose argument has another name.
RENAMED = {
    "regimen": "name", "form": "format", "tables": "table", "ics": "path", "changes": "parameters",
}  # fmt: skip
#: Options that are methods or results: `to_dict`, `Decision.schema`, the text itself,
#: `Regimen.with_reference_ranges`.
METHODS = {"as_json", "schema", "out", "why", "ranges", "picture"}


@pytest.mark.parametrize("command", DOORS)
def test_every_option_has_its_argument_and_every_argument_its_option(command):
    options = {RENAMED.get(p.name, p.name) for p in command_of(command).params} - METHODS
    arguments = {
        name
        for door in DOORS[command]
        for name, parameter in inspect.signature(door).parameters.items()
        if name != "self"
    }
    assert options == arguments


def test_the_schema_is_that_of_the_command():
    assert json.loads(answer("decide", "--schema").out) == Decision.schema()


@pytest.mark.parametrize("form", ["text", "markdown", "mermaid", "svg", "dmn"])
def test_a_regimen_is_shown_as_the_command_shows_it(guided, form):
    shown = answer("regimen", "show", "fsh-guided", "--format", form).out
    assert guided.show(form).removesuffix("\n") + "\n" == shown


def test_a_single_table_is_shown_as_dmn(guided):
    shown = answer("regimen", "show", "fsh-guided", "--format", "dmn", "--table", "phase").out
    assert guided.show("dmn", table="phase") == shown
    assert guided.show("dmn", table=["phase"]) == shown
    assert len(shown) < len(guided.show("dmn"))


def test_a_decision_has_its_parts_as_attributes(guided):
    found = guided.decide(
        month=2,
        previous_phase="hcg",
        fsh=11.3,
        findings={"testosterone": (40, "nmol/L")},
        decision_date=ON,
    )
    assert (found.outcome, found.recommendation, found.action) == (
        "recommendation",
        "hCG alone",
        "hcg",
    )
    assert (found.rule, found.month, found.as_of) == ("P3", 2, dt.date(2022, 3, 31))
    assert found.rationale.startswith("FSH is outside the normal range")
    assert found.missing_inputs == ()
    assert found.flags == ("Testosterone is above the limit; consider a lower dose of hCG.",)
    unknown = guided.decide(month=2, previous_phase="hcg", decision_date=ON)
    assert (unknown.outcome, unknown.missing_inputs) == ("insufficient data", ("fsh_iu_l",))


def test_the_inputs_of_a_decision_are_a_table(guided):
    table = guided.decide(month=2, previous_phase="hcg", fsh=11.3, decision_date=ON).to_frame()
    assert list(table["input"]) == ["month", "previous_phase", "fsh_iu_l"]
    assert list(table["value"]) == [2.0, "hcg", 11.3]
    assert table["unit"].iloc[2] == "[IU]/L"
    assert table["date"].iloc[2] == dt.date(2022, 3, 31)


def test_a_patient_may_be_a_mapping(guided):
    patient = {
        "patient": "p-17",
        "started": dt.date(2022, 3, 1),
        "phases": ["hcg"],
        "measurements": [
            {"date": "2022-03-30", "name": "fsh", "value": 9.8, "unit": "mIU/mL",
             "source": "report 4711"}
        ],
    }  # fmt: skip
    assert guided.decide(patient, decision_date=ON) == guided.decide(
        Path("p17.yaml"), decision_date=ON
    )


def test_numbers_of_numpy_and_pandas_are_numbers(guided):
    plain = guided.decide(month=2, fsh=9.8, decision_date=ON)
    assert (
        guided.decide(month=np.int64(2), fsh=np.float64(9.8), decision_date=pd.Timestamp(ON))
        == plain
    )
    assert guided.schedule(ON, fsh=np.array([20.0, 9.0])) == guided.schedule(ON, fsh=(20, 9))


def test_the_decision_date_defaults_to_today(guided):
    before = dt.date.today()
    assert before <= guided.decide(month=1).as_of <= dt.date.today()


def test_a_schedule_is_a_table(guided):
    made = guided.schedule("2022-03-01", fsh=9)
    table = made.to_frame()
    assert len(table) == len(made.items)
    doses = table.groupby("drug")["dose"].sum()
    assert doses.to_dict() == {drug: iu for drug, iu in made.plan.totals.amount.items() if iu}
    assert table["date"].min() == made.start == dt.date(2022, 3, 1)
    assert table["date"].is_monotonic_increasing
    assert (made.phases, made.decision_date) == (("hcg", "hcg-ufsh", "hcg-ufsh"), None)
    assert guided.schedule("2022-03-01").decision_date == dt.date(2022, 3, 31)


def test_a_calendar_is_the_file_of_the_command(guided):
    words = ["--start", ON, "--time", "08:30", "--timezone", "Europe/Berlin", "--pseudonym", "17"]
    assert answer("schedule", *words, "--ics", "command.ics").code == 0
    made = guided.schedule(ON)
    made.write_ics("interface.ics", time="08:30", timezone="Europe/Berlin", pseudonym="17")
    assert Path("interface.ics").read_bytes() == Path("command.ics").read_bytes()
    assert made.to_ics(time=dt.time(8, 30), timezone="Europe/Berlin", pseudonym="17") == (
        Path("command.ics").read_bytes()
    )


def test_pseudonyms_distinguish_the_events_of_patients(guided):
    made = guided.schedule(ON)
    calendars = [icalendar.Calendar.from_ical(made.to_ics(pseudonym=name)) for name in ("a", "b")]
    one, other = ({str(e["uid"]) for e in c.walk("VEVENT")} for c in calendars)
    assert one.isdisjoint(other)


def test_a_proof_holds_every_path(guided):
    proof = guided.verify()
    assert proof.proved
    assert proof.paths == guided.paths
    assert list(proof.to_frame()["phases"]) == [", ".join(path.phases) for path in guided.paths]


def test_a_regimen_that_is_not_proved_states_why_and_decides_nothing():
    gap = regimen("gap.yaml")
    assert not gap.verify().proved
    assert "no rule fires for a patient with month 2" in str(gap.verify())
    assert "not proved" in repr(gap)
    assert gap._repr_html_() == f"<pre>{gap.verify()}</pre>"
    assert len(repr(gap.verify())) <= 100
    found = answer("regimen", "verify", "gap.yaml", "--json")
    assert (found.code, json.loads(found.out)) == (3, gap.verify().to_dict())
    for asked in (lambda: gap.decide(month=2), lambda: gap.schedule(ON), gap.test, gap.show):
        with pytest.raises(ProofError, match="no rule fires"):
            asked()


def test_cases_that_fail_are_counted_and_listed():
    Path("mine.yaml").write_text("id: mine\nversion: 1.0.0\nextends: fsh-guided\n")
    Path("mine.cases.yaml").write_text(
        "regimen: mine\ncases:\n"
        "- {statement: wrong, table: phase, given: {month: 1}, then: hcg-ufsh}\n"
        "- {statement: right, table: phase, given: {month: 1}, then: hcg}\n"
    )
    results = regimen("mine.yaml").test()
    assert (results.passed, results.failed) == (1, 1)
    assert list(results.to_frame()["holds"]) == [False, True]
    assert "FAILED wrong: then is hcg, not hcg-ufsh" in str(results)
    assert "passed right" not in str(results)
    assert "passed right" in results.text(verbose=True)
    shown = answer("regimen", "test", "mine.yaml", "--verbose")
    assert (shown.code, shown.out) == (3, results.text(verbose=True) + "\n")


def test_a_regimen_is_shown_as_a_table_of_rules_and_as_text(guided):
    table = guided.to_frame()
    rule = table[table["rule"] == "P3"].iloc[0]
    assert (rule["table"], rule["action"], rule["status"]) == ("phase", "hcg", "published")
    assert str(guided) == guided.show()
    assert "<td>P3</td>" in guided._repr_html_()
    assert guided.to_dict()["id"] == "fsh-guided"
    assert repr(guided) == "<Regimen: fsh-guided 1.0.0, 3 months, 5 tables, 5 paths>"


@pytest.mark.parametrize("kind", [Regimen, Decision, Schedule, Proof, CaseResults])
def test_everything_public_is_documented(kind):
    assert issubclass(kind, Shown)
    members = {name: value for name, value in vars(kind).items() if not name.startswith("_")}
    for name in members:
        documented = inspect.getdoc(getattr(kind, name))
        assert documented or name in kind.__dataclass_fields__, name
    assert kind.__doc__


@pytest.mark.parametrize("function", [regimen, Regimen.decide, Regimen.schedule, Regimen.show])
def test_every_argument_is_documented_with_the_error(function):
    text = inspect.getdoc(function)
    for name in inspect.signature(function).parameters:
        assert name == "self" or name in text
    assert "InputError" in text
