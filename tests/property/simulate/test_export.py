"""Any number and any text is read back unchanged from every format that can store it."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
from hypothesis import given, settings
from hypothesis import strategies as st

from pretese.io.export.columns.export_fields import Field
from pretese.io.export.columns.units import unit_of
from pretese.io.export.standards.adam import AnalysisData, Variable
from pretese.io.export.standards.dataset_json import write_dataset_json
from pretese.io.export.statistics_files import write_statistics_file
from pretese.io.export.streams import Stream
from tests.support.exported import assert_same_values, read_exact

FIELDS = (
    Field("patient_id", "count", unit_of(""), "number of the patient"),
    Field("fsh_iu_l", "number", unit_of("[IU]/L"), "serum FSH"),
    Field("gonadotropin_therapy", "flag", unit_of(""), "1 if treated"),
    Field("note", "text", unit_of(""), "words"),
)


def tables(largest: float, words: st.SearchStrategy[str]) -> st.SearchStrategy[pd.DataFrame]:
    smallest = 1 / largest
    number = st.floats(smallest, largest) | st.floats(-largest, -smallest) | st.just(0.0)
    row = st.tuples(number | st.just(np.nan), st.sampled_from([0, 1, None]), words)
    return st.lists(row, min_size=1, max_size=20).map(
        lambda rows: pd.DataFrame(
            {
                "patient_id": np.arange(1, len(rows) + 1),
                "fsh_iu_l": np.array([number for number, _, _ in rows]),
                "gonadotropin_therapy": pd.array([flag for _, flag, _ in rows], dtype="Int8"),
                "note": pd.Series([word for *_, word in rows], dtype=object),
            }
        )
    )


printable = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=9)
#: Statistics packages pad texts with blanks, so that trailing blanks are lost.
unpadded = printable.filter(lambda word: word == word.strip())


@given(tables(1e300, printable))
@settings(max_examples=40)
def test_csv_and_parquet_hold_any_double_and_any_word(table):
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("csv", "parquet"):
            path = Path(folder) / f"x.{kind}"
            with Stream(path, FIELDS) as stream:
                stream.write(table)
        typed = {"note": str}
        text = read_exact(
            Path(folder) / "x.csv", dtype=typed,
            na_values={name: [""] for name in table}, keep_default_na=False,
        )  # fmt: skip
        assert_same_values(text, table)
        assert_same_values(pd.read_parquet(Path(folder) / "x.parquet"), table)


@given(tables(1e300, unpadded))
@settings(max_examples=25)
def test_spss_and_stata_hold_any_double(table):
    with tempfile.TemporaryDirectory() as folder:
        for kind, read in (("sav", pyreadstat.read_sav), ("dta", pyreadstat.read_dta)):
            path = Path(folder) / f"x.{kind}"
            write_statistics_file(table, path, FIELDS)
            assert_same_values(read(path)[0], table, kind)


@given(tables(1e70, unpadded))
@settings(max_examples=25)
def test_sas_transport_holds_any_double_that_its_old_format_can(table):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.xpt"
        write_statistics_file(table, path, FIELDS)
        assert_same_values(pyreadstat.read_xport(path)[0], table)


@given(tables(1e300, printable))
@settings(max_examples=25)
def test_dataset_json_holds_any_double_and_any_word(table):
    variables = (Variable("fsh_iu_l", "FSH", "double"), Variable("note", "Note"))
    data = AnalysisData("X", "Example", variables, table[["fsh_iu_l", "note"]])
    with tempfile.TemporaryDirectory() as folder:
        write_dataset_json(data, Path(folder) / "x.json", "paper")
        found = json.loads((Path(folder) / "x.json").read_text("utf-8"))
    back = pd.DataFrame(found["rows"], columns=["fsh_iu_l", "note"])
    assert_same_values(back.astype({"fsh_iu_l": float}), data.table)
