"""The same table gives the same columns from CSV and from Parquet, whatever its cells contain."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from pretese.io.input.read_table import read_table
from pretese.io.input.table_cells import INDICATOR, CategoryUse, NumberUse

LEVELS = ("None", "NA", "one", "1", "01", "1.10", "ü, x", "nan")
USES = {
    "arm": INDICATOR,
    "won": INDICATOR,
    "age.years": NumberUse(),
    "code": NumberUse(),
    "ward": CategoryUse(LEVELS),
    "any": CategoryUse(),
}

FLOATS = st.floats(allow_nan=True, allow_infinity=True)
WORDS = st.sampled_from([*LEVELS, "", " one ", "<NA>", ".", "null", "None", None])


@st.composite
def frames(draw):
    """Draw a table of patients; an identifier prevents blank rows."""
    size = draw(st.integers(1, 8))

    def column(cells):
        return draw(st.lists(cells, min_size=size, max_size=size))

    return pd.DataFrame(
        {
            "who": [f"P-{k}" for k in range(size)] if draw(st.booleans()) else [None] * size,
            "arm": pd.array(column(st.sampled_from([0, 1, None])), dtype="Int8"),
            "won": column(st.booleans()),
            "age.years": np.array(column(FLOATS), float),
            "code": column(st.integers(-(2**53) + 1, 2**53 - 1)),
            "ward": pd.Series(column(WORDS), dtype=object),
            "any": pd.Categorical(column(st.sampled_from(["a", "b", "2", None]))),
        }
    )


@given(frames())
def test_csv_and_parquet_give_the_same_columns(frame):
    with tempfile.TemporaryDirectory() as folder:
        text, binary = Path(folder) / "x.csv", Path(folder) / "x.parquet"
        frame.to_csv(text, index=False)
        frame.to_parquet(binary)
        assert_frame_equal(read_table(text, USES).frame, read_table(binary, USES).frame)


@given(frames(), st.sampled_from(";\t"))
def test_decimal_commas_give_the_same_columns(frame, mark):
    """Decimal commas as in many European spreadsheets; ambiguous thousands are excluded."""
    frame["age.years"] = (frame["age.years"].clip(-1e5, 1e5) * 100).round() / 100
    with tempfile.TemporaryDirectory() as folder:
        path, other = Path(folder) / "x.csv", Path(folder) / "x.tsv"
        frame.to_csv(path, index=False)
        frame.to_csv(other, index=False, sep=mark, decimal=",")
        assert_frame_equal(read_table(path, USES).frame, read_table(other, USES).frame)
