import numpy as np
import pandas as pd
import pytest

from simulate.cohort.draw import draw_cohort
from simulate.tables.data_errors import KINDS, corrupt
from simulate.tables.study_tables import tables
from tests.support.paper import paper


@pytest.fixture(scope="module")
def study():
    cohort = draw_cohort(paper(), 6, patients=2000)
    return tables(cohort)["patients"], cohort.streams


def test_no_error_is_the_clean_table(study):
    patients, streams = study
    corrupted = corrupt(patients, 0, streams)
    pd.testing.assert_frame_equal(corrupted.patients, patients)
    assert corrupted.labels.empty


def test_every_changed_cell_has_a_label_and_every_label_a_changed_cell(study):
    patients, streams = study
    corrupted = corrupt(patients, 0.05, streams)
    same = corrupted.patients.iloc[: len(patients)]
    for column in patients.columns.drop("patient_id"):
        differ = (same[column] != patients[column]) & ~(same[column].isna())
        labelled = corrupted.labels.query("column == @column")["patient_id"]
        assert set(patients.loc[differ.fillna(False), "patient_id"]) <= set(labelled), column
        changed = same.set_index("patient_id")[column].loc[labelled]
        clean = patients.set_index("patient_id")[column].loc[labelled]
        assert not (changed == clean).any(), column


def test_each_kind_hits_its_share(study):
    patients, streams = study
    corrupted = corrupt(patients, 0.05, streams)
    repeated = corrupted.labels.query("kind == 'repeated row'")
    assert len(corrupted.patients) == len(patients) + len(repeated)
    for kind in (*KINDS, "repeated row"):
        hit = corrupted.labels.query("kind == @kind")["patient_id"].nunique()
        assert hit / len(patients) == pytest.approx(0.05, abs=0.02), kind


def test_swapped_columns_hold_each_other_and_another_unit_its_factor(study):
    patients, streams = study
    corrupted = corrupt(patients, 0.3, streams)
    labels = corrupted.labels
    swapped = labels.query("kind == 'columns swapped' and column == 'lh_iu_l'")["patient_id"] - 1
    rows = corrupted.patients.iloc[: len(patients)]
    assert np.array_equal(rows["lh_iu_l"][swapped], patients["fsh_iu_l"][swapped], equal_nan=True)
    other = labels.query("kind == 'other unit'")["patient_id"] - 1
    ratio = rows["testosterone_nmol_l"][other] / patients["testosterone_nmol_l"][other]
    assert np.allclose(ratio, 28.84)


def test_the_clean_table_is_left_as_it_was(study):
    patients, streams = study
    before = patients.copy()
    corrupt(patients, 0.5, streams)
    pd.testing.assert_frame_equal(patients, before)


def test_an_empty_cell_that_was_swapped_is_empty_in_the_labels(study):
    patients, streams = study
    labels = corrupt(patients, 0.3, streams).labels.query("kind == 'columns swapped'")
    assert not (labels[["clean", "corrupted"]] == "nan").to_numpy().any()
    at = labels["patient_id"].to_numpy() - 1
    stood = np.array(
        [patients[name].iloc[row] for name, row in zip(labels["column"], at, strict=True)]
    )
    assert np.isnan(stood).any()
    assert (labels["clean"].isna().to_numpy() == np.isnan(stood)).all()
