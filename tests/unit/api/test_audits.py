"""The audit of the public interface, compared with its command."""

import csv
import datetime as dt
import inspect
import io
import json
from pathlib import Path

import pandas as pd
import pytest

import pretese
from pretese.api.protocols.audits import Audit, audit
from pretese.api.protocols.read_regimen import regimen
from protocol.audit.deviations import KINDS
from tests.support.command_lines import answer, command_of

LOG = """\
patient,date,event,drug,amount,unit,value
a,2022-03-01,injection,hcg,2000,IU,
a,2022-03-03,injection,hcg,5000,IU,
a,2022-03-05,injection,hcg,2000,IU,
=b,2022-03-01,injection,hcg,2000,IU,
=b,2022-03-03,injection,hcg,2000.5,IU,
=b,2022-03-05,injection,ufsh,75,IU,
c,2022-03-02,semen,,,,no sperm
"""


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("log.csv").write_text(LOG)
    Path("own.csv").write_text(LOG.replace("patient,date", "ID,day"))
    Path("points.csv").write_text(LOG.replace(",", ";").replace("2000.5", "2000,5"))


OWN = {"patient": "ID", "date": "day"}

#: A command line, and the equivalent call of the interface.
SAME = {
    "a file": (["log.csv"], lambda: audit("log.csv")),
    "a path": (["log.csv", "--regimen", "hcg-only"], lambda: audit(Path("log.csv"), "hcg-only")),
    "its bytes": (["log.csv"], lambda: audit(LOG.encode())),
    "names of one's own": (
        ["own.csv", "--map", "patient=ID", "--map", "date=day"],
        lambda: audit("own.csv", columns=OWN),
    ),
    "decimal commas": (["points.csv"], lambda: audit("points.csv")),
    "a limit of one's own": (
        ["log.csv", "--set", "fsh_high=12"],
        lambda: audit("log.csv", regimen("fsh-guided", fsh_high=12)),
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_interface_and_command_give_the_same_document_and_the_same_text(case):
    words, call = SAME[case]
    found = call()
    assert json.loads(answer("audit", *words, "--json").out) == found.to_dict()
    assert found.to_json() + "\n" == answer("audit", *words, "--json").out
    assert str(found) + "\n" == answer("audit", *words).out


def test_a_folder_of_a_simulation_is_a_log_of_the_patients_who_followed_the_regimen():
    assert answer("simulate", "paper", "--patients", "12", "--out", "cohort").code == 0
    found = audit("cohort")
    assert json.loads(answer("audit", "cohort", "--json").out) == found.to_dict()
    assert 0 < len(found.found.patients) < 12
    assert {item.kind for item in found.deviations} <= {"omitted test"}  # values are missing


def test_assumptions_about_a_file_are_kept():
    found = audit("points.csv")
    assert "decimal commas are read in amounts" in found.data_assumptions
    assert audit("log.csv").data_assumptions == ()
    output = answer("audit", "points.csv").err.splitlines()
    assert output == [f"points.csv: {each}" for each in found.data_assumptions]


#: Parameters of the command whose argument has another name.
RENAMED = {"table": "path", "report": "path"}
#: Options that are methods or results: `to_dict`; whether there are `deviations`;
#: `pretese.regimen` with parameters, and `Regimen.with_reference_ranges`.
METHODS = {"as_json", "strict", "changes", "ranges"}


def test_every_option_has_its_argument_and_every_argument_its_option():
    options = {RENAMED.get(p.name, p.name) for p in command_of("audit").params} - METHODS
    arguments = {*inspect.signature(audit).parameters, *inspect.signature(Audit.to_csv).parameters}
    assert options == arguments - {"self"}


@pytest.mark.parametrize("dates", [str, lambda text: pd.Timestamp(text).date(), pd.Timestamp])
def test_a_data_frame_is_read_as_the_file_it_would_become(dates):
    table = pd.read_csv(io.StringIO(LOG))
    table["date"] = table["date"].map(dates)
    assert audit(table) == audit("log.csv")
    renamed = table.rename(columns={"patient": "ID", "date": "day"})
    assert audit(renamed, columns=OWN) == audit("log.csv")
    typed = table.astype({"patient": "category", "amount": "Float64"})
    assert audit(typed) == audit("log.csv")


def test_a_time_of_day_in_a_data_frame_is_read_as_in_a_file():
    table = pd.read_csv(io.StringIO(LOG))
    table["date"] = pd.to_datetime(table["date"]) + dt.timedelta(hours=8)
    assert audit(table).to_dict()["patients"] == audit(LOG.encode()).to_dict()["patients"]


def test_deviations_are_counted_and_are_a_table():
    found = audit("log.csv")
    assert set(found.counts) == set(KINDS)
    table = found.to_frame()
    assert len(table) == len(found.deviations) == sum(found.counts.values())
    assert table["kind"].value_counts().to_dict() == {k: n for k, n in found.counts.items() if n}
    assert (found.counts["dose"], found.counts["drug"]) == (2, 1)
    assert (found.patients_with["dose"], found.patients_with["drug"]) == (2, 1)
    assert list(table[table["kind"] == "dose"]["rows"]) == ["3", "6"]


def test_an_audit_without_deviations_is_an_empty_table_with_its_columns():
    found = audit(b"patient,date,event,drug,amount,unit\na,2022-03-01,injection,hcg,2000,IU\n")
    assert found.to_frame().empty
    assert list(found.to_frame()) == next(csv.reader([str(found.to_csv())]))


def test_the_csv_is_the_file_of_the_command_without_formulas():
    found = audit("log.csv")
    assert answer("audit", "log.csv", "--csv", "command.csv").code == 0
    assert found.to_csv("interface.csv") is None
    assert Path("interface.csv").read_bytes() == Path("command.csv").read_bytes()
    assert Path("interface.csv").read_bytes().decode() == found.to_csv()
    assert "\n'=b," in Path("interface.csv").read_text()


def test_strict_fails_if_there_are_deviations():
    assert audit("log.csv").deviations
    assert answer("audit", "log.csv", "--strict").code == 3


def test_repr_is_one_short_line():
    found = audit("log.csv")
    assert repr(found) == "<Audit: fsh-guided 1.0.0, patients: 3, deviations: 3>"
    assert "<table" in found._repr_html_()


#: Bad arguments, and how the message begins.
BAD = {
    "no file": (lambda: audit("none.csv"), "none.csv: there is no such file"),
    "long name": (lambda: audit("w" * 5000), "w" * 57 + "...: it cannot be read (File name too"),
    "text": (lambda: audit(LOG), "log: this is text and not a path; give its bytes"),
    "no path": (lambda: audit("a\0b"), "'a\\x00b': this is not a path"),
    "3": (lambda: audit(3), "log: 3 is not a log; give a path, bytes or a DataFrame"),
    "None": (lambda: audit(None), "log: null is not a log"),
    "a series": (lambda: audit(pd.Series([1])), "log: 0"),
    "empty": (lambda: audit(b""), "log: it is empty"),
    "no column": (lambda: audit(pd.DataFrame({"patient": ["a"]})), "log: date: the column is miss"),
    "column": (lambda: audit("log.csv", columns={"patient": "ID"}), "log.csv: ID: the column is"),
    "mapping": (lambda: audit("log.csv", columns=["ID"]), "columns: ['ID'] is not a mapping"),
    "column 3": (lambda: audit("log.csv", columns={"patient": 3}), "columns: 3 is not a text"),
    "unknown": (lambda: audit("log.csv", columns={"who": "ID"}), "log.csv: column mapping who"),
    "regimen": (lambda: audit("log.csv", "nope"), "nope: there is no regimen of this name"),
    "regimen 3": (lambda: audit("log.csv", 3), "regimen: 3 is not a name"),
    "folder": (lambda: audit("."), "patients.csv: it is not there"),
    "csv": (lambda: audit("log.csv").to_csv("no/x.csv"), "path: no/x.csv: it cannot be written"),
    "csv 3": (lambda: audit("log.csv").to_csv(3), "path: 3 is not a path"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_argument_is_named_in_one_line(case):
    call, message = BAD[case]
    with pytest.raises(pretese.InputError) as caught:
        call()
    assert str(caught.value).removeprefix(".: ").startswith(message)


def test_everything_public_is_documented():
    for name in ("deviations", "counts", "patients_with", "to_dict", "to_frame", "to_csv"):
        assert inspect.getdoc(getattr(Audit, name))
    text = inspect.getdoc(audit)
    assert all(name in text for name in (*inspect.signature(audit).parameters, "InputError"))
