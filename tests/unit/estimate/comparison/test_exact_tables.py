"""Fisher's test of r x c tables: two independent exact algorithms and simulation."""

from math import log1p

import numpy as np
import pytest
from scipy import stats

from estimate.comparison.exact import network, two_rows
from estimate.comparison.exact.fisher import fisher_exact, fisher_table
from estimate.comparison.exact.monte_carlo import draw_tables, draw_two_rows
from estimate.comparison.exact.network import Network
from estimate.comparison.exact.two_rows import TwoRows
from protocol.errors import InputError

TOLERANCE = log1p(1e-7)
SIX_COLUMNS = [[640, 655, 702, 668, 661, 674], [1005, 1010, 960, 1000, 1012, 1013]]


@pytest.mark.parametrize(
    "table",
    [
        [[2, 5, 1], [4, 0, 3]],
        [[7, 0, 3, 1], [1, 6, 2, 4]],
        [[3, 2, 1, 0, 6], [2, 4, 1, 3, 1]],
        [[1, 2, 0, 3, 1, 2], [2, 0, 4, 1, 3, 2]],
        [[1, 0, 2, 1, 1, 3, 0], [2, 1, 0, 1, 3, 0, 1]],
        [[30, 41, 22, 35], [28, 25, 44, 31]],
        [[0, 0, 9], [8, 7, 0]],
    ],
    ids=lambda table: f"2 x {len(table[0])}",
)
def test_halves_of_columns_give_the_p_value_of_the_network(table: list[list[int]]) -> None:
    counts = np.array(table)
    halves = TwoRows.of(counts, TOLERANCE).p_value()
    assert halves == pytest.approx(Network(counts.T).p_value(), rel=1e-9)


def test_a_tiny_p_value_has_all_its_digits() -> None:
    # Only two tables are as extreme: each row has all its patients in one column.
    table = [[40, 0], [0, 40]]
    assert fisher_exact(table) == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-10)
    three = np.array([[30, 1, 0], [0, 2, 30]])
    assert fisher_exact(three) == pytest.approx(Network(three.T).p_value(), rel=1e-9)


def test_ten_thousand_patients_in_six_columns_are_counted() -> None:
    p = fisher_exact(SIX_COLUMNS)
    drawn, mcse = draw_two_rows(TwoRows.of(np.array(SIX_COLUMNS), TOLERANCE))
    assert abs(drawn - p) < 4 * mcse < 0.03
    # With counts in the hundreds the chi-square approximation is close.
    assert p == pytest.approx(stats.chi2_contingency(SIX_COLUMNS).pvalue, abs=0.005)


def test_importance_sampling_estimates_a_very_small_p_value() -> None:
    table = np.array([[60, 40, 25, 10], [20, 40, 60, 55]])
    law = TwoRows.of(table, TOLERANCE)
    exact, (drawn, mcse) = law.p_value(), draw_two_rows(law, 20_000)
    assert exact is not None
    assert exact < 1e-9
    assert abs(drawn - exact) < 4 * mcse < 0.2 * exact


def test_simulated_tables_agree_with_counted_ones() -> None:
    table = np.array([[5, 2, 4, 3], [2, 6, 3, 2], [4, 4, 2, 6]])
    drawn, mcse = draw_tables(table, TOLERANCE, 20_000)
    assert abs(drawn - fisher_exact(table)) < 4 * mcse < 0.02


@pytest.mark.parametrize("shape", [(2, 5), (3, 3)])
def test_a_table_too_large_to_enumerate_is_simulated_and_labelled(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = np.arange(shape[0] * shape[1]).reshape(shape) % 7 + 4
    counted = fisher_table(table)
    monkeypatch.setattr(network, "WORK_LIMIT", 10)
    monkeypatch.setattr(two_rows, "WORK_LIMIT", 10)
    simulated = fisher_table(table)
    assert counted.method == "Fisher exact"
    assert simulated.method.startswith("Fisher, Monte Carlo (MCSE 0.00")
    assert simulated.mcse is not None
    assert abs(simulated.p_value - counted.p_value) < 4 * simulated.mcse
    assert simulated == fisher_table(table)  # the random numbers are fixed
    with pytest.raises(InputError, match="simulate the test with `fisher_table`"):
        fisher_exact(table)
