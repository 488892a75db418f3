"""Table 1: hand calculations."""

import numpy as np
import pandas as pd
import pytest

from estimate.core.columns import Categorical, Numeric
from estimate.description.rows import CategoricalRow, NumericRow, weighted_quantile
from estimate.description.table1 import table_one
from protocol.errors import InputError

PATIENTS = pd.DataFrame(
    {
        "therapy": [0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
        "age_years": [30, 31, 32, 40, 28, 29, 30, 31, None, 33],
        "diagnosis": ["azfc", None, "azfc", "idiopathic", *["idiopathic"] * 6],
    }
)
KINDS = {
    "age_years": Numeric(),
    "diagnosis": Categorical(
        (
            "idiopathic",
            "azfc",
            "orchitis",
        )
    ),
}


def test_numbers_by_hand() -> None:
    row = table_one(PATIENTS, "therapy", KINDS).rows[0]
    assert isinstance(row, NumericRow)
    assert list(row.n) == [9, 4, 5]
    assert list(row.missing) == [1, 0, 1]
    assert row.cells()[1] == "31.5 [30.75, 34]"
    assert row.mean[1] == 33.25
    assert row.sd[1] == pytest.approx(np.std([30, 31, 32, 40], ddof=1))


def test_categories_by_hand() -> None:
    row = table_one(PATIENTS, "therapy", KINDS).rows[1]
    assert isinstance(row, CategoricalRow)
    assert row.counts.tolist() == [[7, 1, 6], [2, 2, 0], [0, 0, 0]]
    assert list(row.missing) == [1, 1, 0]
    assert row.cells()[1] == ["2 (22.2 %)", "2 (66.7 %)", "0 (0.0 %)"]
    # Small expected counts: Fisher, 3 of 3 + ... = C(3,2) / C(9,2)
    assert row.test == "Fisher exact"
    assert row.p_value == pytest.approx(3 / 36)


def test_large_counts_use_the_chi_square_test() -> None:
    patients = pd.DataFrame({"therapy": [0, 1] * 30, "y": (["no"] * 20 + ["yes"] * 10) * 2})
    row = table_one(
        patients,
        "therapy",
        {
            "y": Categorical(
                (
                    "no",
                    "yes",
                )
            )
        },
    ).rows[0]
    assert row.test == "chi-square, Yates"


def test_an_outcome_of_zeros_and_ones_with_gaps_is_a_category() -> None:
    patients = pd.DataFrame({"therapy": [0, 0, 1, 1], "live_birth": [0, 1, 1, None]})
    row = table_one(patients, "therapy", {"live_birth": Categorical(("0", "1"))}).rows[0]
    assert isinstance(row, CategoricalRow)
    assert row.counts[1].tolist() == [2, 1, 1]
    assert row.missing.tolist() == [1, 0, 1]


def test_zeros_and_ones_are_shown_as_a_count_and_whole_numbers_as_such() -> None:
    patients = pd.DataFrame({
        "arm": [0, 0, 0, 0, 1, 1, 1, 1], "smoker": [0, 1, 0, 0, 1, 1, None, 0],
        "cycles": [1, 2, 3, 4, 2, 2, 5, 7], "bmi": [21.2, 25.1, 30.4, 22.2, 27.3, 24.9, 26.0, 23.1],
    })  # fmt: skip
    kinds = {"smoker": Numeric(), "cycles": Numeric(), "bmi": Numeric()}
    frame = table_one(patients, "arm", kinds, means=("bmi",)).frame()
    assert frame["level"].tolist() == ["n (%)", "median [IQR]", "mean (SD)"]
    assert frame.iloc[0, 2:6].tolist() == ["3 (42.9 %)", "1 (25.0 %)", "2 (66.7 %)", "1"]
    assert frame.iloc[1, 3] == "2.5 [1.75, 3.25]"
    assert frame.iloc[2, 3] == "24.72 (4.13)"


def test_standardised_differences_by_hand() -> None:
    patients = pd.DataFrame({"arm": [0] * 4 + [1] * 4, "x": [1.0, 2, 3, 4, 3, 4, 5, 6],
                             "y": [0, 0, 0, 1, 0, 1, 1, 1]})  # fmt: skip
    table = table_one(patients, "arm", {"x": Numeric(), "y": Categorical(("0", "1"))})
    assert table.rows[0].smd == pytest.approx(2 / np.sqrt(5 / 3))
    assert table.rows[1].smd == pytest.approx(0.5 / np.sqrt(0.25 * 0.75))
    record = table.rows[1].record()
    assert record["levels"]["1"]["count"] == [4, 1, 3]
    assert record["smd"] == table.rows[1].smd


def test_three_groups_use_kruskal_wallis() -> None:
    patients = PATIENTS.assign(therapy=["a", "b", "c"] * 3 + ["a"])
    assert table_one(patients, "therapy", {"age_years": Numeric()}).rows[0].test == "Kruskal-Wallis"


def test_the_text_names_the_groups_and_counts_the_missing() -> None:
    frame = table_one(PATIENTS, "therapy", KINDS).frame()
    assert list(frame.columns[2:5]) == [
        "overall (n = 10)",
        "therapy 0 (n = 4)",
        "therapy 1 (n = 6)",
    ]
    assert list(frame["missing"]) == ["1", "1", "", ""]


def test_a_weighted_table_has_no_p_values() -> None:
    table = table_one(PATIENTS, "therapy", KINDS, weights=[2.0] * 10)
    assert table.weighted
    assert [row.p_value for row in table.rows] == [None, None]
    assert list(table.size) == [20, 8, 12]
    plain = table_one(PATIENTS, "therapy", KINDS).rows[0]
    weighted = table.rows[0]
    assert isinstance(plain, NumericRow)
    assert isinstance(weighted, NumericRow)
    assert weighted.sd == pytest.approx(plain.sd)
    assert weighted.median == pytest.approx(plain.median)


def test_a_group_without_values_is_shown_as_nan() -> None:
    patients = PATIENTS.assign(age_years=[np.nan] * 4 + [30.0] * 6)
    row = table_one(patients, "therapy", {"age_years": Numeric()}).rows[0]
    assert isinstance(row, NumericRow)
    assert row.n.tolist() == [6, 0, 6]
    assert np.isnan(row.median[1])
    assert row.p_value is not None
    assert np.isnan(row.p_value)


def test_all_faults_are_reported_at_once() -> None:
    patients = PATIENTS.assign(bmi_kg_m2="high")
    kinds = {"age": Numeric(), "bmi_kg_m2": Numeric(), "diagnosis": Categorical(("azfc",))}
    with pytest.raises(InputError) as error:
        table_one(patients, "therapy", kinds)
    assert [fault.field for fault in error.value.faults] == ["age", "bmi_kg_m2", "diagnosis"]
    with pytest.raises(InputError, match="weights"):
        table_one(PATIENTS, "therapy", KINDS, weights=[1.0, np.inf] * 5)
    with pytest.raises(InputError, match="give every patient a group"):
        table_one(PATIENTS.assign(therapy=None), "therapy", KINDS)


def test_weighted_quantiles_by_hand() -> None:
    # Two values, weights 3 and 1: n* = 16/10 and the median averages [0.1875, 0.8125].
    expected = (0.75 - 0.1875) / 0.625 * 1 + (0.8125 - 0.75) / 0.625 * 5
    assert weighted_quantile([1, 5], [3, 1], 0.5) == pytest.approx(expected)
