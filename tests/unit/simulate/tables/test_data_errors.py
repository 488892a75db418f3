import numpy as np
import pandas as pd
import pytest

from simulate.cohort.draw import draw_cohort
from simulate.tables.data_error_kinds import as_words
from simulate.tables.data_errors import KINDS, NEARLY_REPEATED, REPEATED, corrupt
from simulate.tables.study_tables import tables
from tests.support.paper import paper


@pytest.fixture(scope="module")
def study():
    cohort = draw_cohort(paper(), 6, patients=2000)
    return tables(cohort, exact_days=False), cohort.streams


@pytest.fixture(scope="module")
def corrupted(study):
    clean, streams = study
    return corrupt(clean, 0.05, streams)


def of_kind(corrupted, kind, column=None):
    """Return the labels of a kind, by patient."""
    labels = corrupted.labels[corrupted.labels["kind"] == kind]
    if column:
        labels = labels[labels["column"] == column]
    return labels.set_index("patient_id")


def test_no_error_is_the_clean_table(study):
    clean, streams = study
    none = corrupt(clean, 0, streams)
    pd.testing.assert_frame_equal(none.tables["patients"], clean["patients"])
    assert none.labels.empty


@pytest.mark.parametrize("name", ["patients", "visits"])
def test_the_labels_turn_the_clean_table_into_the_corrupted_one(study, corrupted, name):
    clean = as_words(name, study[0][name])
    table, labels = corrupted.tables[name], corrupted.labels.query("table == @name")
    same = table.iloc[: len(clean)]
    cells = labels[labels["column"].notna() & (labels["kind"] != NEARLY_REPEATED)]
    assert not cells.duplicated(["patient_id", "month", "column"]).any()
    for column in clean.columns.drop("patient_id"):
        before, after = (each[column].map(str, na_action="ignore") for each in (clean, same))
        differ = (before != after) & ~(before.isna() & after.isna())
        labelled = cells.loc[cells["column"] == column, "patient_id"]
        assert sorted(clean.loc[differ, "patient_id"]) == sorted(labelled), column
    assert len(table) - len(clean) == labels["kind"].isin([REPEATED, NEARLY_REPEATED]).sum()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_affects_its_declared_share(study, corrupted, kind):
    hit = of_kind(corrupted, kind).index.nunique()
    able = study[0]["visits"].query("month == 2") if kind == "copied forward" else range(2000)
    if kind == "day and month swapped":
        date = study[0]["patients"]["enrolled_date"].dt
        able = np.flatnonzero((date.day <= 12) & (date.day != date.month))
    assert hit / len(able) == pytest.approx(0.05, abs=0.02)


def test_swapped_columns_are_exchanged_and_wrong_units_multiply_by_their_factor(study, corrupted):
    clean = study[0]["patients"].set_index("patient_id")
    swapped = of_kind(corrupted, "columns swapped", "lh_iu_l")["corrupted"].astype(float)
    assert (swapped.dropna() == clean.loc[swapped.dropna().index, "fsh_iu_l"]).all()
    other = of_kind(corrupted, "other unit")["corrupted"].astype(float)
    ratio = other / clean.loc[other.index, "testosterone_nmol_l"]
    assert np.allclose(ratio, 28.84)


def test_codes_and_words_replace_numbers(corrupted):
    table = corrupted.tables["patients"].drop_duplicates("patient_id").set_index("patient_id")
    for kind, column, written in (
        ("code for missing", "prolactin_ng_ml", 999),
        ("word for missing", "estradiol_pmol_l", "ND"),
        ("below the limit", "lh_iu_l", "<0.1"),
    ):  # fmt: skip
        assert (table.loc[of_kind(corrupted, kind).index, column] == written).all(), kind
    comma = of_kind(corrupted, "decimal comma")
    assert comma["corrupted"].str.contains(",").all()
    assert (
        comma["corrupted"].str.replace(",", ".").astype(float) == comma["clean"].astype(float)
    ).all()


def test_results_are_copied_from_another_patient_or_an_earlier_visit(study, corrupted):
    patients = study[0]["patients"].set_index("patient_id")
    wrong = of_kind(corrupted, "wrong patient", "fsh_iu_l")["corrupted"].astype(float)
    assert (wrong.dropna() == patients["fsh_iu_l"].shift(1)[wrong.dropna().index]).all()
    visits = study[0]["visits"].query("month == 1").set_index("patient_id")
    copied = of_kind(corrupted, "copied forward", "fsh_iu_l")
    assert (copied["month"] == 2).all()
    assert (copied["corrupted"].astype(float) == visits.loc[copied.index, "fsh_iu_l"]).all()


def test_a_near_duplicate_row_differs_only_in_the_labelled_column(corrupted):
    table = corrupted.tables["patients"]
    labels = of_kind(corrupted, NEARLY_REPEATED)
    for patient, label in labels.head(5).iterrows():
        rows = table[table["patient_id"] == patient]
        known = [name for name in table if rows[name].notna().all()]
        differ = [name for name in known if rows[name].iloc[0] != rows[name].iloc[-1]]
        assert differ == [label["column"]] == ["age_years"]


def test_the_clean_tables_are_unchanged(study):
    clean, streams = study
    before = {name: table.copy() for name, table in clean.items()}
    corrupt(clean, 0.5, streams)
    for name, table in before.items():
        pd.testing.assert_frame_equal(clean[name], table)


def test_an_empty_cell_that_was_swapped_is_empty_in_the_labels(study):
    clean, streams = study
    labels = corrupt(clean, 0.3, streams).labels.query("kind == 'columns swapped'")
    assert not (labels[["clean", "corrupted"]] == "nan").to_numpy().any()
    at = labels["patient_id"].to_numpy() - 1
    stood = np.array(
        [clean["patients"][name].iloc[row] for name, row in zip(labels["column"], at, strict=True)]
    )
    assert np.isnan(stood).any()
    assert (labels["clean"].isna().to_numpy() == np.isnan(stood)).all()


def test_day_and_month_are_swapped_where_that_is_a_date(study, corrupted):
    labels = of_kind(corrupted, "day and month swapped")
    for label in labels.itertuples():
        year, month, day = label.clean.split("-")
        assert label.corrupted == f"{year}-{day}-{month}"
    exact = tables(draw_cohort(paper(), 6, patients=200))
    assert of_kind(corrupt(exact, 0.5, study[1].__class__(6, 200)), "day and month swapped").empty
