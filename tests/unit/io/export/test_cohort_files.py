"""Cohorts are written slice by slice: memory is released early, and no slice is drawn twice."""

import gc
import weakref
from pathlib import Path

import pandas as pd
import pytest

from pretese.cli import run
from pretese.io.export import cohort_files, streams
from pretese.io.export.cohort_files import check_formats, codes_words, slices, write_slices
from pretese.io.export.formats import FORMATS, MAX_PATIENTS_WHOLE, Format
from protocol.errors import InputError
from simulate.cohort.draw import draw_cohort
from simulate.core.random_streams import CHUNK
from simulate.tables.study_tables import COLUMNS
from tests.support.paper import paper

SLICES = 4


@pytest.fixture
def small_slices(monkeypatch):
    monkeypatch.setattr(cohort_files, "SLICE", CHUNK)
    monkeypatch.setattr(streams, "HELD_ROWS", 1)


def ignore(_: int) -> None:
    pass


def write_studies(
    scenario, folder, formats, seed, replicates, patients, tell, errors=0.0, *, exact_days=True
):
    """Check, simulate and write, in the order of `pretese.cohort.cohort_folder.write_cohort`."""
    with_errors = bool(errors)
    check_formats(formats, replicates * patients, data_errors=with_errors)
    coded = codes_words(formats, data_errors=with_errors)
    made = slices(
        scenario, seed, replicates, patients, errors, exact_days=exact_days, coded_words=coded
    )
    write_slices(made, scenario, folder, formats, tell)


def test_an_earlier_slice_is_let_go_before_the_next_but_one_is_drawn(
    tmp_path, monkeypatch, small_slices
):
    drawn: list[weakref.ref[pd.DataFrame]] = []
    alive: list[int] = []

    def watched(cohort, **how):
        gc.collect()
        alive.append(sum(table() is not None for table in drawn))
        parts = original(cohort, **how)
        drawn.extend(weakref.ref(table) for table in parts.values())
        return parts

    original = cohort_files.tables
    monkeypatch.setattr(cohort_files, "tables", watched)
    write_studies(paper(), tmp_path, ("parquet",), 1, 1, SLICES * CHUNK, ignore)
    assert len(alive) == SLICES
    assert max(alive) <= len(COLUMNS)  # the tables of one slice


def test_every_slice_is_drawn_once_and_none_is_larger_than_agreed(
    tmp_path, monkeypatch, small_slices
):
    asked = []

    def watched(scenario, seed, *, first, patients, first_patient):
        asked.append((first, first_patient, patients))
        return draw_cohort(
            scenario, seed, first=first, patients=patients, first_patient=first_patient
        )

    monkeypatch.setattr(cohort_files, "draw_cohort", watched)
    reported: list[int] = []
    write_studies(paper(), tmp_path, ("csv", "parquet"), 1, 2, CHUNK + 10, reported.append)
    assert asked == [(0, 0, CHUNK), (0, CHUNK, 10), (1, 0, CHUNK), (1, CHUNK, 10)]
    assert reported == [CHUNK, CHUNK + 10, 2 * CHUNK + 10, 2 * CHUNK + 20]


def test_patients_that_a_format_cannot_take_are_refused_before_anything_is_drawn(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(cohort_files, "draw_cohort", None)
    with pytest.raises(
        InputError, match="xpt: 100,001 patients are too many for this format; ask for up to"
    ):
        write_studies(paper(), tmp_path, ("parquet", "xpt"), 1, 1, MAX_PATIENTS_WHOLE + 1, ignore)
    assert list(tmp_path.iterdir()) == []


def test_data_errors_are_written_with_its_labels_apart(tmp_path, small_slices):
    patients = CHUNK + 100
    for name, share in (("clean", 0.0), ("corrupted", 0.02), ("more_corrupted", 0.05)):
        (tmp_path / name).mkdir()
        write_studies(paper(), tmp_path / name, ("parquet",), 1, 1, patients, ignore, share)
    clean, corrupted = (
        pd.read_parquet(tmp_path / n / "patients.parquet") for n in ("clean", "corrupted")
    )
    assert not (tmp_path / "clean" / "truth" / "truth_data_errors.parquet").exists()
    labels, more = (
        pd.read_parquet(tmp_path / name / "truth" / "truth_data_errors.parquet")
        for name in ("corrupted", "more_corrupted")
    )
    repeated = labels["kind"].isin(["repeated row", "nearly repeated row"])
    assert len(corrupted) == len(clean) + repeated.sum() > len(clean)
    once = corrupted.drop_duplicates("patient_id").set_index("patient_id").loc[clean["patient_id"]]
    for kind, column in (("impossible value", "age_years"), ("spelling", "diagnosis")):
        hit = labels.loc[labels["kind"] == kind, "patient_id"]
        assert hit.nunique() == pytest.approx(0.02 * patients, rel=0.4)
        differ = once[column].to_numpy() != clean[column].to_numpy()
        assert set(clean.loc[differ, "patient_id"]) == set(hit)
        assert set(hit) < set(more.loc[more["kind"] == kind, "patient_id"])
    assert once["estradiol_pmol_l"].isin(["ND"]).any()
    for name in ("injections", "procedures"):
        paths = [tmp_path / each / f"{name}.parquet" for each in ("clean", "corrupted")]
        assert paths[0].read_bytes() == paths[1].read_bytes()
    listed = pd.read_csv(tmp_path / "corrupted" / "dictionary.csv")
    kinds = listed.query("table == 'patients'").set_index("column")["kind"]
    assert kinds["estradiol_pmol_l"] == "number"
    assert "clean" in set(listed.loc[listed["table"] == "truth_data_errors", "column"])


def test_formats_of_codes_refuse_data_errors(tmp_path):
    with pytest.raises(
        InputError, match="data_errors: redcap: this format cannot represent data errors"
    ):
        write_studies(paper(), tmp_path, ("csv", "redcap"), 1, 1, 20, ignore, 0.01)
    assert not list(tmp_path.iterdir())


def test_a_new_format_is_one_entry_of_the_registry(tmp_path, monkeypatch):
    """Once registered, a format is offered and written, and its patient limit is enforced."""

    def write(parts, folder, fields, study):
        rows = {name: len(table) for name, table in parts.items()}
        (folder / "rows.txt").write_text(f"{study} {rows['patients']} {len(fields['patients'])}")

    monkeypatch.setitem(FORMATS, "rows", Format("rows", "a test", write))
    out = tmp_path / "cohort"
    assert (
        run(["simulate", "paper", "--patients", "40", "--format", "rows,csv", "--out", str(out)])
        == 0
    )
    assert (out / "rows.txt").read_text() == f"paper 40 {len(COLUMNS['patients']) - 1}"  # no site
    with pytest.raises(InputError, match="rows: 100,001 patients are too many"):
        write_studies(paper(), tmp_path, ("rows",), 1, 1, MAX_PATIENTS_WHOLE + 1, ignore)


def test_the_page_has_a_line_for_every_format():
    page = (Path(__file__).parents[4] / "docs" / "how-to" / "export-a-cohort.md").read_text()
    for name, each in FORMATS.items():
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        size = "any number" if each.streamed else f"up to {each.max_patients:,}"
        assert line.endswith(f"| {size} |")


def test_words_written_by_their_codes_are_those_written_one_by_one(tmp_path):
    """If one format is written in one piece, the other formats receive plain words."""
    folders = {formats: tmp_path / "-".join(formats) for formats in (("csv",), ("csv", "dta"))}
    for formats, folder in folders.items():
        folder.mkdir()
        write_studies(paper(), folder, formats, 3, 2, 40, ignore, exact_days=False)
    coded, plain = folders.values()
    written = sorted(path.relative_to(coded) for path in coded.rglob("*.csv"))
    assert len(written) > len(COLUMNS)
    for name in written:
        assert (coded / name).read_bytes() == (plain / name).read_bytes(), name
