"""Excel, SPSS, Stata and SAS files give the columns that a text table gives."""

import pandas as pd
import pyreadstat
import pytest

from estimate.plan.spec import Plan
from pretese.analysis.patients_table import read_patients
from protocol.errors import InputError

TABLE = pd.DataFrame({"arm": [0, 1, 0, 1], "won": [1, 0, 1, 1], "age": [31.5, 28.0, None, 40.0]})
PLAN = Plan(treatment="arm", outcome="won", methods=("unadjusted",), covariates={"age": "numeric"})
WRITERS = {
    "xlsx": lambda path: TABLE.to_excel(path, index=False),
    "sav": lambda path: pyreadstat.write_sav(TABLE, str(path)),
    "dta": lambda path: pyreadstat.write_dta(TABLE, str(path)),
    "xpt": lambda path: pyreadstat.write_xport(TABLE, str(path), file_format_version=8),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_same_table_gives_the_same_columns(tmp_path, kind):
    TABLE.to_csv(tmp_path / "table.csv", index=False)
    WRITERS[kind](tmp_path / f"table.{kind}")
    expected = read_patients(tmp_path / "table.csv", PLAN).frame
    found = read_patients(tmp_path / f"table.{kind}", PLAN)
    pd.testing.assert_frame_equal(found.frame, expected, check_dtype=False)
    assert found.sha256 is not None


@pytest.mark.parametrize("kind", ["sav", "dta", "xpt", "sas7bdat"])
def test_a_damaged_file_is_refused(tmp_path, kind):
    (tmp_path / f"table.{kind}").write_bytes(b"not a table of this kind" * 50)
    with pytest.raises(InputError, match=f"cannot be read as .{kind}"):
        read_patients(tmp_path / f"table.{kind}", PLAN)


def test_labelled_codes_are_reported_to_be_codes(tmp_path):
    labels = {"arm": {0: "control", 1: "therapy"}}
    pyreadstat.write_sav(TABLE, str(tmp_path / "t.sav"), variable_value_labels=labels)
    found = read_patients(tmp_path / "t.sav", PLAN)
    assert found.assumptions == ("codes are read, not their labels, of arm",)


def test_yes_and_no_are_read_where_zero_and_one_are_asked_for(tmp_path):
    (tmp_path / "t.csv").write_text("arm;won;age\nja;1;30\nnein;0;31,5\nJa;1;29\n")
    found = read_patients(tmp_path / "t.csv", PLAN)
    assert found.frame["arm"].tolist() == [1, 0, 1]
    assert "arm: Ja as 1, ja as 1, nein as 0" in found.assumptions
    (tmp_path / "mixed.csv").write_text("arm,won,age\nyes,1,30\n0,0,31\n")
    with pytest.raises(InputError, match="arm"):
        read_patients(tmp_path / "mixed.csv", PLAN)


@pytest.mark.parametrize(
    ("arms", "outcomes", "cure"),
    [
        (("none", "hCG", "hCG+FSH"), (1, 0, 1), r"arm: .*name its arms, `treatment_levels"),
        (("yes", "no", "maybe"), (1, 0, 1), r"arm: .*name its arms, `treatment_levels"),
        ((1, 0, 1), ("poor", "fair", "good"), r"won: .*kind: ordinal, levels"),
    ],
)
def test_three_words_are_not_to_be_merged(tmp_path, arms, outcomes, cure):
    rows = "".join(f"{arm},{won},30\n" for arm, won in zip(arms, outcomes, strict=True))
    (tmp_path / "t.csv").write_text(f"arm,won,age\n{rows}")
    with pytest.raises(InputError, match=f"{cure}.*do not merge them"):
        read_patients(tmp_path / "t.csv", PLAN)
