import re

import pandas as pd
import pytest

from pretese.io.export.columns.export_fields import is_truth
from pretese.io.export.standards.redcap import data_dictionary, field_name, records, write_redcap
from tests.support.exported import assert_same_values, drawn_tables, fields

#: As REDCap's own template file has them.
TEMPLATE = [
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
    "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
]  # fmt: skip


def seen(studies=1):
    return {name: listed for name, listed in fields(studies).items() if not is_truth(name)}


def written(folder, studies=1):
    write_redcap(drawn_tables(studies), folder / "redcap", seen(studies))
    return tuple(
        pd.read_csv(folder / "redcap" / f"{name}.csv", dtype=str, keep_default_na=False)
        for name in ("data_dictionary", "records")
    )


def test_the_dictionary_has_the_18_columns_of_the_template(tmp_path):
    dictionary, _ = written(tmp_path)
    assert list(dictionary.columns) == TEMPLATE
    assert len(TEMPLATE) == 18


def test_the_first_field_names_the_record_as_text():
    first = data_dictionary(seen()).iloc[0]
    assert first["Variable / Field Name"] == "record_id"
    assert first["Field Type"] == "text"
    assert first["Text Validation Type OR Show Slider Number"] == ""


@pytest.mark.parametrize("studies", [1, 2])
def test_field_names_are_such_as_redcap_takes_and_each_is_there_once(studies):
    names = data_dictionary(seen(studies))["Variable / Field Name"]
    assert names.is_unique
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name) for name in names)
    assert not any("__" in name for name in names)


def test_the_fields_of_a_form_stand_together():
    forms = data_dictionary(seen())["Form Name"]
    assert list(dict.fromkeys(forms)) == [form for form, _ in _runs(forms)]
    assert forms.iloc[0] == "patients"


def _runs(values):
    return [(v, i) for i, v in enumerate(values) if i == 0 or values.iloc[i - 1] != v]


def test_types_and_validations_are_words_that_redcap_knows():
    dictionary = data_dictionary(seen())
    assert set(dictionary["Field Type"]) == {"text", "radio", "yesno"}
    validation = dictionary["Text Validation Type OR Show Slider Number"]
    assert set(validation) == {"", "number", "integer", "date_ymd"}
    assert (validation[dictionary["Field Type"] != "text"] == "").all()
    choices = dictionary.set_index("Field Type")["Choices, Calculations, OR Slider Labels"]
    assert choices["radio"].str.fullmatch(r"\d+, [^|]+( \| \d+, [^|]+)+").all()
    assert (choices[["text", "yesno"]] == "").all()


def test_every_number_carries_unit_and_ucum_code():
    notes = data_dictionary(seen()).set_index("Variable / Field Name")["Field Note"]
    assert notes["fsh_iu_l"] == notes["visits_fsh_iu_l"] == "IU/L, UCUM [IU]/L"
    assert notes["age_years"] == "years, UCUM a"


def test_the_truth_stays_out(tmp_path):
    dictionary, rows = written(tmp_path)
    assert (
        not dictionary["Variable / Field Name"]
        .str.contains("spermatogenic_liability|propensity")
        .any()
    )
    assert "truth" not in set(rows["redcap_repeat_instrument"])


@pytest.mark.parametrize("studies", [1, 2])
def test_records_can_be_imported_with_the_dictionary(tmp_path, studies):
    dictionary, rows = written(tmp_path, studies)
    named = [name for name in rows if not name.startswith("redcap_repeat")]
    assert named == list(dictionary["Variable / Field Name"])
    key = ["record_id", "redcap_repeat_instrument", "redcap_repeat_instance"]
    assert not rows.duplicated(key).any()
    assert rows["record_id"].nunique() == len(drawn_tables(studies)["patients"])
    kinds = dictionary.set_index("Variable / Field Name")
    for name in named[1:]:
        values = set(rows[name]) - {""}
        if kinds.loc[name, "Text Validation Type OR Show Slider Number"] == "integer":
            assert all(re.fullmatch(r"\d+", value) for value in values), name
        if kinds.loc[name, "Field Type"] == "yesno":
            assert values <= {"0", "1"}, name


@pytest.mark.parametrize("studies", [1, 2])
@pytest.mark.parametrize("name", [name for name in drawn_tables() if not is_truth(name)])
def test_a_table_comes_back_value_for_value(tmp_path, name, studies):
    dictionary, rows = written(tmp_path, studies)
    choices = dictionary.set_index("Variable / Field Name")[
        "Choices, Calculations, OR Slider Labels"
    ]
    mine = rows[rows["redcap_repeat_instrument"] == ("" if name == "patients" else name)]
    patients = rows[rows["redcap_repeat_instrument"] == ""].set_index("record_id")
    table = drawn_tables(studies)[name]
    found = {}
    for column in table:
        if name != "patients" and column in ("study", "patient_id"):
            found[column] = pd.to_numeric(mine["record_id"].map(patients[column]))
            continue
        values = mine[field_name(name, column)]
        if choices[field_name(name, column)]:
            pairs = (p.split(", ", 1) for p in choices[field_name(name, column)].split(" | "))
            found[column] = values.map(dict(pairs))
        elif pd.api.types.is_numeric_dtype(table[column]):
            found[column] = pd.to_numeric(values)
        else:
            found[column] = values
    assert_same_values(pd.DataFrame(found), table, name)


def test_instances_of_a_repeating_form_count_from_1():
    rows = records(drawn_tables(), seen())
    visits = rows[rows["redcap_repeat_instrument"] == "visits"]
    one = visits[visits["record_id"] == "1"]
    assert one["redcap_repeat_instance"].tolist() == list(range(1, len(one) + 1))
