"""Invariants of every two-sample test."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from estimate.comparison.exact.fisher import fisher_exact
from estimate.comparison.exact.two_by_two import fisher_2x2
from estimate.comparison.two_sample import chi_square, kruskal_wallis, welch, wilcoxon
from estimate.description.rows import weighted_quantile

VALUES = arrays(np.float64, 14, elements=st.integers(0, 12).map(float))
GROUP = np.tile([0, 1], 7)
TABLES = arrays(np.int64, (2, 2), elements=st.integers(0, 12))


@given(VALUES, st.permutations(range(14)))
def test_the_order_of_patients_does_not_matter(x: np.ndarray, order: list[int]) -> None:
    for test in (wilcoxon, kruskal_wallis, welch):
        a, b = test(x, GROUP), test(x[order], GROUP[order])
        assert a.p_value == pytest.approx(b.p_value, rel=1e-9, nan_ok=True)


@given(VALUES)
def test_exchanging_the_groups_keeps_the_p_value(x: np.ndarray) -> None:
    one, other = wilcoxon(x, GROUP), wilcoxon(x, 1 - GROUP)
    assert one.statistic + other.statistic == 49
    assert one.p_value == pytest.approx(other.p_value, nan_ok=True)


@given(VALUES)
def test_rank_tests_depend_only_on_the_order_of_values(x: np.ndarray) -> None:
    assert wilcoxon(x, GROUP).p_value == pytest.approx(
        wilcoxon(np.exp(x), GROUP).p_value, nan_ok=True
    )


@given(arrays(np.float64, (3, 14), elements=st.integers(0, 40).map(float)))
def test_a_batch_equals_single_tests_and_scipy(x: np.ndarray) -> None:
    for test in (wilcoxon, kruskal_wallis, welch):
        batch = test(x, GROUP).p_value
        assert batch == pytest.approx(np.stack([test(r, GROUP).p_value for r in x]), nan_ok=True)
    for row in x:
        peer = stats.mannwhitneyu(row[GROUP == 1], row[GROUP == 0])
        if len(np.unique(row)) > 1 and len(np.unique(row)) < 14:
            assert wilcoxon(row, GROUP).p_value == pytest.approx(peer.pvalue)


@given(TABLES)
def test_fisher_agrees_with_scipy_and_with_the_general_algorithm(table: np.ndarray) -> None:
    exact = stats.fisher_exact(table).pvalue
    assert fisher_2x2(table).p_value == pytest.approx(exact, rel=1e-8)
    assert fisher_exact(table) == pytest.approx(exact, rel=1e-8)


@settings(max_examples=15)
@given(arrays(np.int64, (3, 2), elements=st.integers(0, 6)))
def test_fishers_r_by_c_test_ignores_the_order_of_lines_and_columns(table: np.ndarray) -> None:
    p = fisher_exact(table)
    assert fisher_exact(table[::-1]) == pytest.approx(p)
    assert fisher_exact(table.T) == pytest.approx(p)
    assert 0 < p <= 1


@given(TABLES)
def test_the_odds_ratio_lies_between_its_limits(table: np.ndarray) -> None:
    exact = fisher_2x2(table)
    if not np.isnan(exact.odds_ratio):
        assert exact.conf_low <= exact.odds_ratio <= exact.conf_high


@given(arrays(np.int64, (2, 3), elements=st.integers(1, 20)), st.integers(2, 9))
def test_chi_square_grows_in_proportion_to_the_sample(table: np.ndarray, times: int) -> None:
    assert chi_square(table * times).statistic == pytest.approx(times * chi_square(table).statistic)


@given(VALUES, st.floats(0.01, 100), st.floats(0, 1))
def test_weighted_quantiles(x: np.ndarray, factor: float, q: float) -> None:
    ones, ends = np.ones(14), np.r_[np.zeros(7), np.ones(7)]
    assert weighted_quantile(x, ones * factor, q) == pytest.approx(np.quantile(x, q), abs=1e-9)
    assert weighted_quantile(x, ends, q) == pytest.approx(np.quantile(x[7:], q), abs=1e-9)
