import re
from pathlib import Path

import pandas as pd
import pytest

from docs.generate.tables_page import page
from pretese.io.export.columns.export_fields import dictionary, fields_of, is_truth, kind_of
from pretese.io.export.columns.units import unit_of
from simulate.tables.study_tables import COLUMNS, SITE
from tests.support.exported import drawn_tables, fields
from tests.support.paper import paper

GLOSSARY = Path(__file__).parents[4] / "docs" / "glossary.md"


def suffixes() -> dict[str, str]:
    """Return the glossary's units: suffix of a name to UCUM code."""
    found = {}
    for line in GLOSSARY.read_text("utf-8").splitlines():
        names, *_, codes = (
            re.findall("`(.*?)`", cell) for cell in line.split("|")[1:-1] or [""] * 2
        )
        if names and names[0].startswith("_"):
            found |= dict(zip(names, codes, strict=True))
    return found


def test_every_number_has_a_unit_and_a_ucum_code():
    for listed in fields().values():
        for field in listed:
            assert (field.unit.ucum != "") == (
                field.kind == "number" or field.name in ("day", "month", "enrolled_day")
            )


def test_a_unit_in_a_name_is_the_unit_of_the_column():
    checked = 0
    for listed in fields().values():
        for field in listed:
            fitting = [suffix for suffix in suffixes() if field.name.endswith(suffix)]
            if field.kind == "number" and fitting:
                assert field.unit.ucum == suffixes()[max(fitting, key=len)], field.name
                checked += 1
    assert checked > 12


@pytest.mark.parametrize(
    ("ucum", "printed"),
    [("[IU]/L", "IU/L"), ("[IU]", "IU"), ("a", "years"), ("d", "days"), ("nmol/L", "nmol/L")],
)
def test_units_are_printed_as_in_a_clinic(ucum, printed):
    assert unit_of(ucum).printed == printed
    assert unit_of(ucum).ucum == ucum


def test_names_codes_and_flags_have_no_unit():
    assert unit_of("").printed == unit_of("").ucum == ""


def test_the_kinds_are_those_of_the_values():
    kinds = {f.name: f.kind for f in fields()["patients"]}
    assert kinds["patient_id"] == "count"
    assert kinds["fsh_iu_l"] == "number"
    assert kinds["gonadotropin_therapy"] == kinds["sperm_retrieved"] == "flag"
    assert kinds["diagnosis"] == "text"
    assert kinds["enrolled_date"] == "date"


@pytest.mark.parametrize("values", [[True, False], pd.to_timedelta(["1 day"])])
def test_a_type_that_no_format_knows_is_refused(values):
    with pytest.raises(TypeError, match="no format is known"):
        kind_of(pd.Series(values).dtype)


def test_flags_hold_0_and_1_and_words_are_among_the_choices():
    for name, listed in fields().items():
        for field in listed:
            values = set(drawn_tables()[name][field.name].dropna())
            if field.kind == "flag":
                assert values <= {0, 1}, field
            if field.choices:
                assert values <= set(field.choices), field


def test_an_empty_table_has_the_kinds_of_a_full_one():
    empty = {name: table.iloc[:0] for name, table in drawn_tables().items()}
    assert fields_of(empty, paper()) == fields()


def test_the_dictionary_has_a_row_per_column_with_unit_code_and_meaning():
    listed = dictionary(fields())
    assert list(zip(listed["table"], listed["column"], strict=True)) == [
        (name, column.name)
        for name, columns in COLUMNS.items()
        for column in columns
        if column != SITE
    ]
    fsh = listed.query("table == 'visits' and column == 'fsh_iu_l'").iloc[0]
    assert (fsh["unit"], fsh["ucum"], fsh["kind"]) == ("IU/L", "[IU]/L", "number")
    assert listed["meaning"].str.len().gt(5).all()


def test_truth_is_reported_from_what_a_clinic_holds():
    assert [name for name in COLUMNS if is_truth(name)] == ["truth"]


def test_the_reference_page_is_written_from_the_tables():
    stored = (GLOSSARY.parent / "reference" / "tables.md").read_text("utf-8")
    assert stored == page(), "write it again: python -m docs.generate.tables_page"
