"""The rounding rule of written numbers."""

import json
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimate.causal.balance import balance
from estimate.causal.matching import match_nearest
from estimate.causal.propensity import PropensityScore, c_statistic, propensity
from estimate.core.columns import Numeric
from estimate.core.complete_cases import analysis_set
from estimate.core.rounding import significant
from pretese.analysis.analysis_tables import balance_table
from pretese.io.output.csv_file import write_csv
from pretese.io.text.rounding_rule import (
    rounded_columns,
    rounded_document,
    rounded_replicates,
    rounded_table,
)
from pretese.plots.style import new_figure, svg


def within(digits: int) -> float:
    """Return the distance, in steps, within which a number counts as lying on a rounding edge."""
    return 0.5 * 10.0 ** -min(5, max(13 - digits, 1)) * 1.01


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 12))
def test_a_number_is_the_float_nearest_to_its_rounded_decimal(x: float, digits: int) -> None:
    found = float(significant(x, digits))
    before_the_point = len(str(int(abs(x))))
    shown = f"{x:.{max(digits, before_the_point) - 1}e}"
    if abs(x) < 1e15:
        # a number next to an edge may round either way, but equally on every processor
        distance = abs(found - float(shown))
        step = 10.0 ** (math.floor(math.log10(abs(x) or 1)) - digits + 1)
        assert (
            distance == 0 or abs(abs(x - found) - abs(x - float(shown))) < 2 * within(digits) * step
        )
        assert repr(found) == repr(float(f"{found:.{max(digits, before_the_point)}e}"))
    else:
        assert found == np.rint(x)
    assert not (found == 0 and math.copysign(1, found) < 0)


@given(st.floats(1e-12, 1e12), st.sampled_from([-3, -1, 1, 3]))
def test_the_last_bits_change_nothing_but_at_an_edge(x: float, bits: int) -> None:
    near = x * (1 + bits * 2.0**-52)
    one, other = significant([x, near], 8)
    step = 10.0 ** (math.floor(math.log10(x)) - 7)
    next_to_an_edge = abs(abs((x / step) % 1 - 0.5) - 0.5e-5) < 1e-6
    assert one == other or next_to_an_edge


@given(st.integers(1, 3000), st.integers(1, 3000), st.sampled_from([4, 6, 8]))
def test_a_ratio_of_counts_is_the_same_whatever_its_last_bits(a: int, b: int, digits: int) -> None:
    """Such as 119/64 = 1.859375, which lies on the edge of six digits."""
    ratio = a / b
    last_bits = [ratio * (1 + bits * 2.0**-52) for bits in (-8, -2, 0, 1, 8)]
    computed = [math.exp(math.log(a) - math.log(b)), *last_bits]
    assert len({float(value) for value in significant(computed, digits)}) == 1


def test_an_edge_goes_to_the_even_side() -> None:
    edges = np.array([119 / 64, 0.125, 0.375, 2.5, 3.5, 1e-30 * 2.5])
    digits = np.array([6, 2, 2, 1, 1, 1])
    for shaken_edges in (np.nextafter(edges, 0), edges, np.nextafter(edges, 9)):
        found = [float(significant(x, d)) for x, d in zip(shaken_edges, digits, strict=True)]
        assert found == [1.85938, 0.12, 0.38, 2, 4, 2e-30]


def test_what_is_not_a_finite_number_stays() -> None:
    found = significant([np.nan, np.inf, -np.inf, 0.0, -0.0], 6)
    assert np.isnan(found[0])
    assert found[1:].tolist() == [np.inf, -np.inf, 0.0, 0.0]
    assert not np.signbit(found[3:]).any()


def test_powers_of_ten_do_not_gain_or_lose_a_digit() -> None:
    powers = 10.0 ** np.arange(-300, 1)
    assert significant(powers, 6).tolist() == [float(f"1e{k}") for k in range(-300, 1)]
    assert significant(np.nextafter(powers, 0), 6).tolist() == significant(powers, 6).tolist()


def test_counts_are_exact_however_large() -> None:
    assert rounded_replicates(np.array([1234567.0, 98765432.0])).tolist() == [1234567, 98765432]
    assert rounded_replicates(np.array([2**60])).tolist() == [2**60]


def test_only_floating_point_columns_of_a_table_change() -> None:
    table = pd.DataFrame({"patients": [569], "share": [1 / 3], "word": ["0.33333333333"]})
    table["flag"] = pd.array([None], dtype="Int8")
    found = rounded_table(table)
    assert found["share"].tolist() == [0.33333333]
    unchanged = ["patients", "word", "flag"]
    pd.testing.assert_frame_equal(found[unchanged], table[unchanged])
    assert table["share"].tolist() == [1 / 3]


def test_a_block_keeps_its_schema_and_what_is_missing() -> None:
    schema = pa.schema([("estimate", pa.float64()), ("replicate", pa.int64())])
    table = pa.table({"estimate": [1.87179487, None], "replicate": [0, 1]}, schema=schema)
    found = rounded_columns(table)
    assert found.schema == schema
    assert found["estimate"].to_pylist() == [1.87179, None]


def test_a_document_keeps_its_shape() -> None:
    document = {"n": 3, "yes": True, "none": None, "rows": [{"p": 2 / 3}], "zero": -0.0}
    found = rounded_document(document)
    assert json.dumps(found) == (
        '{"n": 3, "yes": true, "none": null, "rows": [{"p": 0.66666667}], "zero": 0.0}'
    )


def test_a_written_table_has_no_last_bits_and_no_minus_zero(tmp_path) -> None:
    write_csv(pd.DataFrame({"bias": [-0.0, 0.1 + 0.2, -1.2345678901]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "bias\n0.0\n0.3\n-1.2345679\n"


def shaken(values: np.ndarray) -> np.ndarray:
    """Return values with the last-bit differences of another processor."""
    bits = np.random.default_rng(8).integers(-2, 3, np.shape(values))
    return np.asarray(values * (1 + bits * 2.0**-52))


def patients_with_ties() -> tuple:
    """Return patients, many with equal covariates, and their propensity scores."""
    rng = np.random.default_rng(5)
    treated = np.arange(120) % 3 == 0
    patients = {
        "therapy": treated * 1,
        "y": rng.integers(0, 2, 120),
        "age_years": rng.integers(25, 31, 120),
    }
    data = analysis_set(
        patients, treatment="therapy", outcome="y", covariates={"age_years": Numeric()}
    )
    return data, propensity(data)


@pytest.mark.parametrize("on", ["score", "logit"])
@pytest.mark.parametrize("order", ["largest", "closest"])
def test_matching_of_equal_patients_does_not_hang_on_last_bits(on, order) -> None:
    data, score = patients_with_ties()
    other = PropensityScore(shaken(score.score), score.design, score.fit)
    pairs = [match_nearest(data, each, "treated", on=on, order=order) for each in (score, other)]
    assert pairs[0].pair.tolist() == pairs[1].pair.tolist()


def test_the_c_statistic_takes_equal_patients_for_a_tie() -> None:
    data, score = patients_with_ties()
    found = [c_statistic(each, data.treatment) for each in (score.score, shaken(score.score))]
    assert found[0].c_statistic == found[1].c_statistic


def test_arms_with_equal_means_differ_by_nothing() -> None:
    values = np.array([0.1, 0.2, 0.3, 0.3, 0.2, 0.1])
    patients = {"therapy": [0, 0, 0, 1, 1, 1], "y": [0, 1, 0, 1, 0, 1], "dose_iu": values}
    data = analysis_set(
        patients, treatment="therapy", outcome="y", covariates={"dose_iu": Numeric()}
    )
    weights = shaken(np.full(6, 1 / 3))
    found = balance(data, weights).difference
    assert found.tolist() == [0.0]
    assert not np.signbit(found).any()


def test_a_table_of_balance_shows_no_signed_zero() -> None:
    class Found:
        def record(self) -> dict:
            rows = [{"covariate": "age_years", "difference": -1e-9}]
            return {"balance": {"unadjusted": rows}}

    assert balance_table(Found())["unadjusted"].tolist() == ["+0.000"]


def test_parts_of_a_figure_are_named_by_what_is_drawn() -> None:
    def drawn(left: float) -> str:
        figure = new_figure(2, 1)
        figure.set_layout_engine("none")
        axes = figure.add_axes((left, 0.2, 0.7, 0.7))
        axes.plot([0, 1], [0, 1], marker="o")
        return svg(figure)

    assert drawn(0.2) == drawn(0.2 + 2.0**-53)
    assert "clip-path" in drawn(0.2)
    names = [set(_names(drawn(left))) for left in (0.2, 0.25)]
    assert names[0]
    assert not names[0] & names[1]


def _names(text: str) -> list[str]:
    return [part.split('"')[0] for part in text.split('<clipPath id="')[1:]]
