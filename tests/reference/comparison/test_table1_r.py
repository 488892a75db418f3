"""Table 1 of the synthetic cohort against R 4.2.2 (quantile type 7, wilcox.test, chisq.test)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimate.core.columns import Categorical, Numeric
from estimate.description.rows import CategoricalRow, NumericRow
from estimate.description.table1 import table_one

R = Path(__file__).parents[1] / "r"
PATIENTS = pd.read_csv(R / "cohort542_mar.csv")
G02 = json.loads((R / "g02_table1.json").read_text())
TABLE = table_one(
    PATIENTS,
    "therapy",
    {**dict.fromkeys(G02["continuous"], Numeric()), "dx": Categorical(tuple(G02["dx"]["rows"]))},
)


@pytest.mark.parametrize("row", TABLE.rows[:-1], ids=lambda row: row.name)
def test_numeric_rows(row: NumericRow) -> None:
    r = G02["continuous"][row.name]
    quartiles = np.stack([row.lower_quartile, row.median, row.upper_quartile], axis=-1)
    assert quartiles == pytest.approx(np.array([r["q_overall"], r["q_therapy0"], r["q_therapy1"]]))
    assert row.mean[1:] == pytest.approx(r["mean"], rel=1e-10)
    assert row.sd[1:] == pytest.approx(r["sd"], rel=1e-10)
    assert row.missing[0] == r["n_missing"]
    assert row.p_value == pytest.approx(r["wilcox_p_cc"], rel=1e-10)
    assert row.normality_p == pytest.approx(r["shapiro_p"], rel=1e-5)


def test_diagnosis() -> None:
    row = TABLE.rows[-1]
    assert isinstance(row, CategoricalRow)
    assert row.counts[:, 1].tolist() == G02["dx"]["therapy0"]
    assert row.counts[:, 2].tolist() == G02["dx"]["therapy1"]
    assert row.p_value == pytest.approx(G02["dx"]["p"], rel=1e-10)
