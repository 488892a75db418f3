"""The four protocol commands: results, exit codes, and one message for bad input."""

import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import icalendar
import pytest

from pretese.cli import run

LOG = (
    "patient,date,event,drug,amount,unit,value\n"
    "a,2022-03-01,injection,hcg,2000,IU,\n"
    "a,2022-03-03,injection,hcg,5000,IU,\n"
    "a,2022-03-05,injection,hcg,2000,IU,\n"
)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("log.csv").write_text(LOG)


def output(capsys, *words: str) -> tuple[int, str, str]:
    code = run(list(words))
    out = capsys.readouterr()
    return code, out.out, out.err


def document(capsys, *words: str) -> dict:
    code, out, _ = output(capsys, *words, "--json")
    assert code == 0
    return json.loads(out)


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        (["--month", "1"], "recommendation"),
        (["--month", "4", "--previous-phase", "hcg"], "no action required"),
        (["--month", "2"], "insufficient data"),
        (["--month", "3", "--previous-phase", "stopped"], "out of scope"),
    ],
)
def test_each_of_the_four_outcomes_is_shown(capsys, words, outcome):
    found = document(capsys, "decide", "--decision-date", "2022-03-31", *words)
    expected = {"no action required": "insufficient data"}.get(outcome, outcome)
    assert found["outcome"] == expected  # after therapy the semen analysis is the next input
    assert found["decisions"][0]["outcome"] == outcome
    assert found["schema"] == "pretese/decision/2"


def test_a_decision_document_carries_rule_inputs_boundary_and_change(capsys):
    found = document(
        capsys, "decide", "--month", "2", "--previous-phase", "hcg", "--fsh", "11.3",
        "--fsh-unit", "mIU/mL", "--decision-date", "2022-03-31",
    )  # fmt: skip
    (decision,) = found["decisions"]
    assert decision["rule_id"] == "P3"
    assert decision["boundary"] == {
        "input": "fsh_iu_l", "limit": 11.1, "distance": 0.2, "unit": "[IU]/L"
    }  # fmt: skip
    assert (decision["nearest_change"]["to"], decision["nearest_change"]["action"]) == (
        "at most 11.1",
        "hcg-ufsh",
    )
    (order,) = decision["orders"]
    assert (order["label"], order["dose"], order["unit"], order["route"]) == (
        "hCG", 2000.0, "IU", "im"
    )  # fmt: skip
    assert (order["every"], order["status"], order["origin"]) == (
        "every 2 days", "published", "fsh-guided"
    )  # fmt: skip
    assert found["regimen"]["sha256"] == decision["regimen_sha256"]
    assert decision["inputs"][-1]["date"] == "2022-03-31"


def test_semen_and_other_findings_are_described_in_words(capsys):
    words = ["decide", "--month", "4", "--previous-phase", "hcg", "--decision-date", "2022-06-01"]
    found = document(capsys, *words, "--finding", "semen=no sperm")
    assert found["decisions"][-1]["action"] == "micro-tese"
    found = document(capsys, *words, "--finding", "semen=sperm")
    assert found["decisions"][-1]["action"] == "icsi-ejaculated"


def test_a_user_defined_limit_is_used_and_hashed(capsys):
    words = [
        "decide",
        "--month",
        "2",
        "--previous-phase",
        "hcg",
        "--fsh",
        "12",
        "--decision-date",
        "2022-03-31",
    ]
    usual = document(capsys, *words)
    wider = document(capsys, *words, "--set", "fsh_high=12")
    assert [d["decisions"][0]["action"] for d in (usual, wider)] == ["hcg", "hcg-ufsh"]
    assert usual["regimen"]["sha256"] != wider["regimen"]["sha256"]


def test_regimens_are_listed_shown_proved_and_tested(capsys):
    assert "ufsh-only" in output(capsys, "regimen", "list")[1]
    assert (
        "Alternative interpretation: fsh-guided-one-more-month"
        in output(capsys, "regimen", "show", "fsh-guided")[1]
    )
    found = document(capsys, "regimen", "verify", "fsh-guided")
    assert (found["proved"], found["tables"]["phase"]["cells"]) == (True, 120)
    assert len(found["paths"]) == 5
    code, out, _ = output(capsys, "regimen", "test", "fsh-guided", "--verbose")
    assert (code, out.count("\npassed ") + out.startswith("passed ")) == (0, 137)


@pytest.mark.parametrize(("form", "tag"), [("svg", "svg"), ("dmn", "definitions")])
def test_drawings_and_tables_are_written_as_xml(capsys, form, tag):
    code, _, err = output(
        capsys, "regimen", "show", "fsh-guided", "--format", form, "--out", "x.xml"
    )
    assert (code, err) == (0, "wrote x.xml\n")
    assert ET.parse("x.xml").getroot().tag.endswith(tag)


def test_a_calendar_is_written_next_to_the_plan(capsys):
    code, out, _ = output(
        capsys,
        "schedule",
        "--start",
        "2022-03-01",
        "--fsh",
        "9",
        "--pseudonym",
        "17",
        "--ics",
        "x.ics",
    )
    assert code == 0
    assert "Total: hCG 60000 IU" in out
    assert len(icalendar.Calendar.from_ical(Path("x.ics").read_bytes()).walk("VEVENT")) == 53


def test_decisions_may_replace_findings(capsys):
    by_fsh = document(capsys, "schedule", "--start", "2022-03-01", "--fsh", "20", "--fsh", "9")
    by_name = document(
        capsys, "schedule", "--start", "2022-03-01", "--decisions", "hcg,hcg,hcg-ufsh"
    )
    assert by_fsh["items"] == by_name["items"]


def test_an_audit_is_a_table_a_file_and_a_document(capsys):
    code, out, _ = output(capsys, "audit", "log.csv", "--csv", "d.csv")
    assert code == 0
    assert "dose: expected hcg 2000 IU on day 2; observed hcg 5000 IU on day 2" in out
    rows = list(csv.DictReader(Path("d.csv").read_text().splitlines()))
    assert [(row["kind"], row["day"], row["rows"]) for row in rows] == [("dose", "2", "3")]
    found = document(capsys, "audit", "log.csv")
    assert (found["schema"], found["counts"]["dose"], found["patients_with"]["dose"]) == (
        "pretese/audit/3", 1, 1
    )  # fmt: skip
    assert found["patients"][0]["complete"] is False
    assert output(capsys, "audit", "log.csv", "--strict")[0] == 3


BAD = [
    (["decide"], "give either --patient FILE or --month M, not both"),
    (["decide", "--month", "0"], "--month: 0 is out of range; give a month from 1 to 12"),
    (
        ["decide", "--month", "2", "--previous-phase", "x"],
        "--previous-phase: 'x' is not a phase; give",
    ),
    (["decide", "--month", "2", "--fsh", "-1"], "-1 is outside the plausible range"),
    (["decide", "--month", "2", "--fsh", "high"], "--fsh: 'high' is not a number; give a"),
    (["decide", "--month", "2", "--fsh", "1,234"], "'1,234' is not a number; write 1234 or 1.234"),
    (["decide", "--month", "2", "--fsh", "9,8"], "write a decimal point, not a comma: 9.8"),
    (["decide", "--month", "2", "--fsh", "nan"], "--fsh: 'nan' is not a number"),
    (
        ["decide", "--month", "2", "--finding", "testosterone=1,234 ng/dL"],
        "--finding testosterone: '1,234' is not a number; write 1234 or 1.234",
    ),
    (["schedule", "--start", "2022-03-01", "--fsh", "11,1"], "not a comma: 11.1"),
    (
        ["decide", "--month", "2", "--set", "fsh_cutoff=11,1"],
        "--set: fsh_cutoff: '11,1' is not a num",
    ),
    (["decide", "--month", "2", "--finding", "tall"], "--finding: 'tall' is not understood"),
    (["decide", "--month", "2", "--finding", "fhs=3 IU/L"], "does not use 'fhs'"),
    (["decide", "--month", "2", "--set", "fsh_high"], "--set: 'fsh_high' is not understood"),
    (["decide", "--month", "2", "--set", "fsh_hi=3"], "fsh_hi: there is no such parameter"),
    (["decide", "--regimen", "nope", "--month", "2"], "there is no regimen of this name"),
    (["decide", "--patient", "none.yaml"], "none.yaml: there is no such file"),
    (["decide", "--patient", "log.csv", "--fsh", "3"], "findings come from the file"),
    (["regimen", "show", "fsh-guided", "--format", "dmn", "--table", "x"], "no table 'x'"),
    (["regimen", "show", "fsh-guided", "--out", "no/where.txt"], "it cannot be written"),
    (["regimen", "test", "mine.yaml"], "mine.yaml: there is no such file"),
    (["schedule"], "Missing option '--start'"),
    (["schedule", "--start", "2022-03-01", "--fsh", "9", "--decisions", "hcg"], "both given"),
    (["schedule", "--start", "2022-03-01", "--decisions", "ufsh"], "ufsh begins no path"),
    (["schedule", "--start", "2022-03-01", "--regimen", "hcg-only", "--fsh", "9"], "by FSH"),
    (
        ["schedule", "--start", "2022-03-01", "--pseudonym", "17", "--ics", "no/x.ics"],
        "it cannot be written",
    ),
    (
        [
            "schedule",
            "--start",
            "2022-03-01",
            "--pseudonym",
            "17",
            "--ics",
            "x.ics",
            "--time",
            "08:00",
        ],
        "come together",
    ),
    (["audit", "none.csv"], "none.csv: there is no such file"),
    (["audit", "log.csv", "--map", "patient"], "--map: 'patient' is not understood"),
    (["audit", "log.csv", "--map", "patient=ID"], "ID: the column is missing"),
    (["audit", "log.csv", "--regimen", "log.csv"], "log.csv"),
]


@pytest.mark.parametrize(("words", "message"), BAD, ids=lambda x: " ".join(x)[:40])
def test_bad_input_is_one_clear_message_and_exit_2(capsys, words, message):
    code, out, err = output(capsys, *words)
    assert code == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert not Path("x.ics").exists()


def test_a_regimen_that_is_not_proved_fails_the_check_and_not_the_input(capsys):
    Path("gap.yaml").write_text(
        "id: gap\nversion: 1.0.0\nextends: hcg-only\ntables:\n  phase:\n    question: q\n"
        "    inputs: [month]\n    rules:\n      - {id: A, when: {month: 1}, then: hcg, "
        "rationale: b, source: paper, locator: l, status: assumed}\n"
    )
    code, out, err = output(capsys, "regimen", "verify", "gap.yaml")
    assert (code, out) == (3, "")
    assert "no rule fires for a patient with month 2" in err
    code, out, _ = output(capsys, "regimen", "verify", "gap.yaml", "--json")
    assert (code, json.loads(out)["proved"]) == (3, False)
    assert output(capsys, "decide", "--regimen", "gap.yaml", "--month", "2")[0] == 2


def test_a_case_that_fails_fails_the_check(capsys):
    Path("mine.yaml").write_text("id: mine\nversion: 1.0.0\nextends: fsh-guided\n")
    Path("mine.cases.yaml").write_text(
        "regimen: mine\ncases:\n"
        "- {statement: wrong, table: phase, given: {month: 1}, then: hcg-ufsh}\n"
    )
    code, out, err = output(capsys, "regimen", "test", "mine.yaml")
    assert code == 3
    assert "FAILED wrong: then is hcg, not hcg-ufsh" in out
    assert "1 of 1 cases failed" in err
