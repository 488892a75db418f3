"""Every command that reads a table: a fault gives one message and exit code 2, or is harmless."""

import importlib
import io
import json
from contextlib import redirect_stdout

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pretese.cli import run
from tests.support.faults.faulty_tables import SAME, faulty
from tests.support.soak.table_readers import PATIENTS, PLAN, TABLES, answer, clean, without_writing

# Its first import draws a random number, which the guard would attribute to our code.
importlib.import_module("rich.style")


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("way", SAME)
def test_a_table_is_read_in_every_valid_notation(name, way):
    code, found, err = answer(name, SAME[way](TABLES[name][1]))
    assert (code, found) == (0, clean(name)), err


@settings(max_examples=25)
@given(data=st.data())
@pytest.mark.parametrize("name", TABLES)
def test_a_fault_gives_one_message_or_the_clean_result(name, data):
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
    table = pd.DataFrame(PATIENTS[1:], columns=PATIENTS[0]).astype({"arm": int, "won": int})
    table["ward"] = ["None", "NA", "s", None, "s"] * 5
    table.to_csv(tmp_path / "x.csv", index=False)
    table.to_parquet(tmp_path / "x.parquet")
    answers = []
    for name in ("x.csv", "x.parquet"):
        out = io.StringIO()
        with redirect_stdout(out):
            words = ["analyse", str(tmp_path / name), "--plan", str(tmp_path / "plan.yaml")]
            assert run([*words, "--json"]) == 0
        answers.append(without_writing(json.loads(out.getvalue())))
    assert answers[0] == answers[1]
    assert answers[0]["missing"]["analysed"] == 20
    assert answers[0]["missing"]["excluded"] == {"ward is missing": 5}


def test_dates_are_not_analysed_as_numbers(tmp_path, capsys):
    (tmp_path / "plan.yaml").write_text(PLAN.replace("{categorical: [n, s]}", "numeric"))
    table = pd.DataFrame(PATIENTS[1:], columns=PATIENTS[0]).astype({"arm": int, "won": int})
    table["ward"] = pd.date_range("2022-03-01", periods=len(table), unit="us")
    table.to_csv(tmp_path / "x.csv", index=False)
    table.to_parquet(tmp_path / "x.parquet")
    for name, output in (
        ("x.csv", "x.csv: row 2, ward: '2022-03-01' is not a number; a date is not a number"),
        ("x.parquet", "x.parquet: ward: it holds dates or times (timestamp[us]), not numbers"),
    ):
        assert run(["analyse", str(tmp_path / name), "--plan", str(tmp_path / "plan.yaml")]) == 2
        assert output in capsys.readouterr().err
