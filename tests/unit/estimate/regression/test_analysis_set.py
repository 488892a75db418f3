"""The analysis set: inclusion, reasons for exclusion, and actionable input errors."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from estimate.core.columns import Categorical, Numeric, read_columns
from estimate.core.complete_cases import analysis_set
from estimate.core.design_matrix import design_matrix
from protocol.errors import InputError

DIAGNOSIS = Categorical(("idiopathic", "azfc"))
PATIENTS = {
    "therapy": [1, 0, 1, 0, 1, 0],
    "y": [1, 0, 0, 1, 1, 0],
    "age_years": [31, 28, np.nan, 35, 40, 29],
    "diagnosis": ["idiopathic", "azfc", "azfc", None, "idiopathic", "idiopathic"],
}
KINDS = {"age_years": Numeric(), "diagnosis": DIAGNOSIS}


def chosen(columns=None, kinds=None, **options):
    return analysis_set(
        PATIENTS if columns is None else columns,
        treatment="therapy",
        outcome="y",
        covariates=KINDS if kinds is None else kinds,
        **options,
    )


def faults(**changes):
    with pytest.raises(InputError) as caught:
        chosen({**PATIENTS, **changes}, where="patients.csv")
    return [str(fault) for fault in caught.value.faults]


def test_complete_cases_are_kept_and_the_rest_counted_once():
    data = chosen()
    assert data.include.tolist() == [True, True, False, False, True, True]
    assert data.reasons == {"age_years is missing": 1, "diagnosis is missing": 1}
    assert data.n == 4
    assert data.weights.tolist() == [1, 1, 0, 0, 1, 1]


def test_a_data_frame_reads_like_a_mapping():
    frame = pd.DataFrame(PATIENTS)
    frame["diagnosis"] = frame["diagnosis"].astype("category")
    frame["therapy"] = frame["therapy"].astype("Int64")
    assert np.array_equal(chosen(frame).covariates["diagnosis"], chosen().covariates["diagnosis"])


def test_values_of_ineligible_patients_are_not_checked():
    strange = {**PATIENTS, "y": [1, 0, 7, 1, 1, 0]}
    data = chosen(strange, include=[1, 1, 0, 1, 1, 1])
    assert data.reasons == {"not eligible": 1, "diagnosis is missing": 1}


def test_keep_excludes_patients_with_a_reason():
    data = chosen().keep(np.array([1, 1, 1, 1, 0, 1]), "score out of range")
    assert data.reasons["score out of range"] == 1
    assert data.n == 3
    assert data.covariates["age_years"][4] == 0


def test_whole_numbers_are_indices_of_levels_and_minus_one_is_missing():
    coded = chosen({**PATIENTS, "diagnosis": np.array([0, 1, 1, -1, 0, 0])})
    assert np.array_equal(coded.include, chosen().include)
    assert np.array_equal(coded.covariates["diagnosis"], chosen().covariates["diagnosis"])


def test_numeric_level_names_match_numbers():
    kinds = {"centre": Categorical(("1", "2"))}
    for column in ([1, 2, 1, 2, 1, 2], [1.0, 2.0, 1.0, 2.0, 1.0, 2.0], ["1", "2"] * 3):
        data = chosen({**PATIENTS, "centre": column}, kinds)
        assert data.covariates["centre"].tolist() == [0, 1] * 3


def test_the_reference_is_the_first_declared_level():
    names = design_matrix(chosen()).names
    assert names == ("intercept", "therapy", "age_years", "diagnosis[azfc]")
    flipped = {**KINDS, "diagnosis": Categorical(("azfc", "idiopathic"))}
    assert "diagnosis[idiopathic]" in design_matrix(chosen(kinds=flipped)).names


def test_interactions_follow_the_columns_they_multiply():
    design = design_matrix(chosen(), interactions=True)
    assert design.names[4:] == (
        "therapy:age_years",
        "therapy:diagnosis[azfc]",
    )
    assert np.array_equal(design.X[:, 4], design.X[:, 1] * design.X[:, 2])


def test_a_batch_has_its_own_analysis_set_per_study():
    batch = {name: np.array([column, column[::-1]]) for name, column in PATIENTS.items()}
    data = chosen(batch)
    assert data.n.tolist() == [4, 4]
    assert np.array_equal(data[1].include, chosen().include[::-1])
    assert data[0].reasons["age_years is missing"] == 1


def test_every_missing_column_is_named():
    with pytest.raises(InputError) as caught:
        analysis_set(PATIENTS, treatment="treated", outcome="birth", covariates=KINDS)
    assert [fault.field for fault in caught.value.faults] == ["treated", "birth"]


def test_values_that_cannot_be_read_are_reported_together():
    assert faults(age_years=[31, "old", 2, 3, 4, 5], diagnosis=["x"] * 6) == [
        "patients.csv: age_years: 'old' is not a number; give numbers, or declare it `categorical`",
        "patients.csv: diagnosis: unknown category 'x'; declared levels: idiopathic, azfc",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"y": [1, 2, 0, 1, 1, 0]},
            "patients.csv: y: the outcome holds 2; give its kind, `outcome: {column",
        ),
        ({"y": ["yes"] * 6}, "patients.csv: y: 'yes' is not a number; code it 0 (no) and 1 (yes)"),
        ({"y": [1] * 6}, "patients.csv: y: the outcome is 1 for everyone; both 0 and 1 must occur"),
        (
            {"therapy": [0] * 6},
            "patients.csv: therapy: the treatment is 0 for everyone; both 0 and 1 must occur",
        ),
        (
            {"age_years": [30] * 6},
            "patients.csv: age_years: it is the same for everyone; leave it out",
        ),
        (
            {"age_years": [np.nan] * 6},
            "patients.csv: no patient is left to analyse (age_years is missing",
        ),
        ({"age_years": [1, np.inf, 3, 4, 5, 6]}, "patients.csv: age_years: it holds inf; give"),
        (
            {"diagnosis": [0, 1, 2, 0, 1, 0]},
            "patients.csv: diagnosis: 2 is not an index of a",
        ),
    ],
)
def test_what_cannot_be_analysed_is_refused(changes, message):
    (fault,) = faults(**changes)
    assert fault.startswith(message)


def test_three_million_rows_are_read_in_seconds():
    rng = np.random.default_rng(1)
    levels = np.array(["idiopathic", "azfc"], dtype=object)
    patients = {
        "therapy": rng.integers(0, 2, 3_000_000),
        "y": rng.integers(0, 2, 3_000_000),
        "age_years": rng.normal(31, 4, 3_000_000),
        "diagnosis": levels[rng.integers(0, 2, 3_000_000)],
    }
    assert chosen(patients).n == 3_000_000


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (np.array(["2020-01-01"] * 4, "M8[ns]"), "it holds dates or times, not numbers; give days"),
        (np.array([1, 2, 3, 4], "m8[D]"), "it holds durations, not numbers"),
        (np.array([1j, 2, 3, 4]), "it holds complex numbers, not numbers"),
        (np.array([dt.datetime(2020, 1, 1)] * 4, object), "'2020-01-01 00:00:00' is not a number"),
        (["1", "2", "1,234", "4"], "'1,234' is not a number; write 1234 or 1.234"),
        (["1", "2", "1_234", "4"], "'1_234' is not a number; write it without separators"),
        (["1", "2", "٣", "4"], "is not a number; give numbers, or declare it `categorical`"),
        ([1, 2, [3], 4], "'[3]' is not a number"),
    ],
)
def test_what_is_not_a_number_is_never_analysed(column, found):
    values = np.array(column, object) if isinstance(column, list) else column
    with pytest.raises(InputError) as caught:
        read_columns({"fsh": values}, {"fsh": Numeric()}, "patients")
    assert str(caught.value).startswith("patients: fsh: ")
    assert found in str(caught.value)


def test_text_numbers_booleans_and_missing_codes_are_read():
    values = np.array(["1.5", " 2 ", "NA", ".", "", None, True, np.bool_(False), Decimal("2.5")],
                      object)  # fmt: skip
    read = read_columns({"fsh": values}, {"fsh": Numeric()})["fsh"]
    nan = np.nan
    np.testing.assert_array_equal(read, [1.5, 2, nan, nan, nan, nan, 1, 0, 2.5])


def test_a_declared_level_is_never_missing():
    values = np.array(["NA", "None", "nan", "one", None, np.nan, ".", ""], object)
    kind = {"prior": Categorical(("None", "NA", "nan", "one"))}
    nan = np.nan
    np.testing.assert_array_equal(
        read_columns({"prior": values}, kind)["prior"], [1, 0, 2, 3, nan, nan, nan, nan]
    )


def test_an_undeclared_none_is_an_unknown_category():
    """It may mean "no previous operation", so it must not be excluded silently."""
    with pytest.raises(InputError, match="unknown category 'None'; declared levels: one, NA"):
        read_columns({"prior": np.array(["one", "None"])}, {"prior": Categorical(("one", "NA"))})
