"""Two-sample tests: hand calculations."""

import math

import numpy as np
import pytest

from estimate.comparison.exact.fisher import fisher_exact
from estimate.comparison.exact.two_by_two import fisher_2x2
from estimate.comparison.two_sample import (
    chi_square,
    hodges_lehmann,
    kruskal_wallis,
    welch,
    wilcoxon,
)

# Five untreated and five treated patients; one untreated value exceeds four treated values.
VALUES = [1.0, 2.0, 3.0, 4.0, 9.0, 5.0, 6.0, 7.0, 8.0, 10.0]
ARM = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]


def test_wilcoxon_counts_pairs_with_the_larger_treated_value() -> None:
    # The untreated value 9.0 exceeds four of the five treated values: W = 25 - 4.
    test = wilcoxon(VALUES, ARM)
    assert test.statistic == 21
    # Rank sums of 5 out of 10 with W <= 4: 1 + 1 + 2 + 3 + 5 of the 252 choices.
    assert test.p_value == pytest.approx(2 * 12 / 252)


def test_wilcoxon_normal_approximation_by_hand() -> None:
    z = (21 - 12.5 - 0.5) / math.sqrt(5 * 5 * 11 / 12)
    assert wilcoxon(VALUES, ARM, exact=False).p_value == pytest.approx(math.erfc(z / math.sqrt(2)))


def test_ties_count_one_half_and_shrink_the_variance() -> None:
    test = wilcoxon([1, 1, 2, 2], [0, 1, 0, 1])
    assert test.statistic == 2  # four pairs: one larger, one smaller, two tied
    assert test.p_value == 1
    tied = wilcoxon([1, 2, 2, 3], [0, 0, 1, 1], continuity=False)
    # W = 3.5 of 4; variance 4/12 (5 - 6/12); z = 1.5 / sqrt(1.5)
    assert tied.p_value == pytest.approx(math.erfc(1.5 / math.sqrt(1.5) / math.sqrt(2)))


def test_missing_values_are_excluded_from_the_test() -> None:
    with_missing = wilcoxon([*VALUES, np.nan, np.nan], [*ARM, 0, 1])
    assert with_missing.statistic == 21
    assert with_missing.p_value == wilcoxon(VALUES, ARM).p_value


def test_an_empty_group_has_no_p_value() -> None:
    assert np.isnan(wilcoxon([1.0, 2.0], [1, 1]).p_value)
    assert np.isnan(chi_square([[0, 3], [0, 4]]).p_value)


def test_hodges_lehmann_is_the_median_of_all_differences() -> None:
    middle, low, high = hodges_lehmann([1.0, 4.0, 2.0, 6.5], [0, 0, 1, 1])
    assert middle == np.median([2 - 1, 2 - 4, 6.5 - 1, 6.5 - 4])
    assert (low, high) == (-2.0, 5.5)


def test_hodges_lehmann_limits_of_a_large_sample_contain_the_median() -> None:
    x = np.r_[np.arange(60.0), np.arange(60.0) + 7.25]
    middle, low, high = hodges_lehmann(x, np.repeat([0, 1], 60))
    assert middle == 7.25
    assert low < 7.25 < high
    assert middle - low == pytest.approx(high - middle)


def test_chi_square_by_hand() -> None:
    # Expected 5 everywhere; |O - E| = 2.
    table = [[7, 3], [3, 7]]
    assert chi_square(table, yates=False).statistic == pytest.approx(4 * 4 / 5)
    assert chi_square(table).statistic == pytest.approx(4 * 1.5**2 / 5)
    assert chi_square(table).method == "chi-square, Yates"


def test_welch_by_hand() -> None:
    # Means 2 and 5; variances 1 and 4; n = 3 and 3.
    test = welch([1, 2, 3, 3, 5, 7], [0, 0, 0, 1, 1, 1])
    assert test.statistic == pytest.approx(3 / math.sqrt(1 / 3 + 4 / 3))
    assert test.df == pytest.approx((5 / 3) ** 2 / ((1 / 3) ** 2 / 2 + (4 / 3) ** 2 / 2))


def test_kruskal_wallis_of_two_groups_is_wilcoxon_squared() -> None:
    uncorrected = wilcoxon(VALUES, ARM, continuity=False, exact=False)
    assert kruskal_wallis(VALUES, ARM).p_value == pytest.approx(uncorrected.p_value)


def test_fishers_tea_tasting_experiment() -> None:
    # Fisher 1935: four cups of each kind, three identified correctly; one-sided p (16 + 1) / 70.
    assert fisher_2x2([[3, 1], [1, 3]]).p_value == pytest.approx(2 * 17 / 70)
    assert fisher_exact([[3, 1], [1, 3]]) == pytest.approx(2 * 17 / 70)


def test_fisher_with_a_zero_cell_has_an_odds_ratio_at_the_edge() -> None:
    none, all_ = fisher_2x2([[0, 5], [4, 6]]), fisher_2x2([[12, 0], [5, 7]])
    assert (none.odds_ratio, none.conf_low) == (0, 0)
    assert (all_.odds_ratio, all_.conf_high) == (math.inf, math.inf)
    assert np.isnan(fisher_2x2([[0, 0], [3, 4]]).odds_ratio)


def test_an_r_by_c_table_by_enumeration() -> None:
    # Margins (2, 2) and (1, 1, 2): six ways to choose two of the four patients for row one.
    # Column 3 holds 0, 1 or 2 of them in 1, 4 (two tables of 2) and 1 ways.
    assert fisher_exact([[1, 1, 0], [0, 0, 2]]) == pytest.approx(2 / 6)
    assert fisher_exact([[1, 0, 1], [0, 1, 1]]) == 1


def test_empty_lines_and_columns_do_not_matter() -> None:
    assert fisher_exact([[3, 0, 1], [0, 0, 0], [1, 0, 3]]) == pytest.approx(2 * 17 / 70)
    assert fisher_exact([[3, 4]]) == 1
