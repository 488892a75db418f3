"""Files for SPSS, Stata and SAS, read back by pyreadstat and (Stata) by pandas as well."""

import pandas as pd
import pyreadstat
import pytest

from pretese.io.export.columns.export_fields import Field
from pretese.io.export.columns.units import unit_of
from pretese.io.export.statistics_files import label_of, write_statistics_file
from pretese.io.input.statistics_files import read_statistics_file
from protocol.errors import InputError
from simulate.core.coding import DIAGNOSES
from tests.support.exported import assert_same_values, drawn_tables, fields

READ = {
    "sav": pyreadstat.read_sav,
    "dta": pyreadstat.read_dta,
    "xpt": pyreadstat.read_xport,
}
KINDS = tuple(READ)


def write(folder, name, kind, studies=1):
    path = folder / f"{name}.{kind}"
    write_statistics_file(drawn_tables(studies)[name], path, fields(studies)[name])
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", drawn_tables())
def test_a_table_comes_back_value_for_value(tmp_path, name, kind):
    path = write(tmp_path, name, kind)
    assert_same_values(read_statistics_file(path)[0], drawn_tables()[name], (name, kind))


@pytest.mark.parametrize("kind", KINDS)
def test_several_studies_come_back_value_for_value(tmp_path, kind):
    path = write(tmp_path, "visits", kind, studies=2)
    assert_same_values(read_statistics_file(path)[0], drawn_tables(2)["visits"])


@pytest.mark.parametrize("name", drawn_tables())
def test_an_independent_reader_of_stata_files_agrees(tmp_path, name):
    path = write(tmp_path, name, "dta")
    found = pd.read_stata(path, convert_categoricals=False)
    labelled = pd.read_stata(path)
    for field in fields()[name]:
        if field.choices:
            found[field.name] = labelled[field.name].astype(object)
    assert_same_values(found, drawn_tables()[name])


@pytest.mark.parametrize("kind", KINDS)
def test_labels_hold_the_meaning_with_unit_and_ucum_code(tmp_path, kind):
    _, meta = READ[kind](write(tmp_path, "patients", kind))
    labels = meta.column_names_to_labels
    assert labels["fsh_iu_l"].startswith("serum FSH before therapy")
    for field in fields()["patients"]:
        if field.unit.ucum:
            unit = f"({field.unit.printed}, UCUM {field.unit.ucum})"
            assert labels[field.name].endswith(unit), field


@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_flags_say_what_0_and_1_mean(tmp_path, kind):
    _, meta = READ[kind](write(tmp_path, "patients", kind))
    flags = {field.name for field in fields()["patients"] if field.kind == "flag"}
    labelled = set(meta.variable_value_labels)
    assert labelled - flags == {"diagnosis", "regimen"}
    assert meta.variable_value_labels["gonadotropin_therapy"] == {0: "no", 1: "yes"}


def test_words_are_numbered_and_labelled_in_stata(tmp_path):
    path = write(tmp_path, "patients", "dta")
    found, meta = READ["dta"](path)
    assert meta.variable_value_labels["diagnosis"] == dict(enumerate(DIAGNOSES, start=1))
    words = drawn_tables()["patients"]["diagnosis"]
    assert found["diagnosis"].tolist() == [DIAGNOSES.index(word) + 1 for word in words]
    back, assumed = read_statistics_file(path)
    assert back["diagnosis"].tolist() == words.tolist()
    assert "diagnosis" not in assumed[0]


def test_a_misspelled_word_keeps_its_column_as_text(tmp_path):
    table = drawn_tables()["patients"].assign(diagnosis="idiopatic")
    write_statistics_file(table, tmp_path / "patients.dta", fields()["patients"])
    back, _ = read_statistics_file(tmp_path / "patients.dta")
    assert set(back["diagnosis"]) == {"idiopatic"}
    assert set(back["regimen"]) <= {"fsh-guided", "no-therapy"}


def test_whole_numbers_are_whole_in_stata_and_shown_so_in_spss(tmp_path):
    found, _ = READ["dta"](write(tmp_path, "visits", "dta"))
    assert found["month"].dtype == "int64"
    _, meta = READ["sav"](write(tmp_path, "patients", "sav"))
    formats = meta.original_variable_types
    assert (formats["gonadotropin_therapy"], formats["enrolled_day"]) == ("F1.0", "F8.0")


def test_spss_knows_names_from_quantities(tmp_path):
    _, meta = READ["sav"](write(tmp_path, "patients", "sav"))
    assert meta.variable_value_labels["diagnosis"]["azfc"] == "Azfc"
    assert meta.variable_measure["diagnosis"] == "nominal"
    assert meta.variable_measure["fsh_iu_l"] == "scale"


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_holds_the_time_it_is_reported_and_so_the_same_bytes(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1651363200")
    path = write(tmp_path, "patients", kind)
    _, meta = READ[kind](path)
    assert meta.creation_time.isoformat()[:16] == "2022-05-01T00:00"
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    (tmp_path / "again").mkdir()
    undated = write(tmp_path / "again", "patients", kind)
    _, meta = READ[kind](undated)
    assert meta.creation_time.year == 1970
    assert undated.read_bytes() != path.read_bytes()


@pytest.mark.parametrize("given", ["yesterday", "", "1e9", str(10**30)])
def test_a_time_that_is_none_is_refused(tmp_path, monkeypatch, given):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
    with pytest.raises(InputError, match="is not a time"):
        write(tmp_path, "transfers", "sav")


@pytest.mark.parametrize(
    ("longest", "meaning"), [(60, "serum FSH; empty"), (35, "serum FSH"), (27, "serum")]
)
def test_a_label_gives_up_words_before_its_unit(longest, meaning):
    field = Field(
        "fsh_iu_l", "number", unit_of("[IU]/L"), "serum FSH; empty if unknown, as in April"
    )
    label = label_of(field, longest)
    assert label.startswith(meaning)
    assert label.endswith(" (IU/L, UCUM [IU]/L)")
    assert len(label.encode()) <= longest


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kept", [0, 0.5, 0.98])
def test_a_file_that_a_full_disk_cut_short_in_silence_is_found(tmp_path, monkeypatch, kind, kept):
    name = {"sav": "write_sav", "dta": "write_dta", "xpt": "write_xport"}[kind]
    real = getattr(pyreadstat, name)

    def cut(table, path, *more, **named):
        real(table, path, *more, **named)
        data = path.read_bytes()
        path.write_bytes(data[: max(1024, int(kept * len(data)))])

    monkeypatch.setattr(pyreadstat, name, cut)
    with pytest.raises(OSError, match="rows were written: the disk may be full"):
        write(tmp_path, "visits", kind)
