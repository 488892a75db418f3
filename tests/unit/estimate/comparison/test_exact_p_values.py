"""Exact tests of 2 x 2 tables: published values, scipy, enumeration, consistent entry points."""

import numpy as np
import pytest
from scipy import stats

from estimate.comparison.count_tests import CountTest, compare_by_counts
from estimate.comparison.exact.binomial_tables import binomial_masses, pooled_z
from estimate.comparison.exact.p_value_tables import (
    exact_p_values,
    fisher_p_values,
    unconditional_p_value,
)
from estimate.comparison.exact.two_by_two import fisher_2x2
from estimate.core.complete_cases import analysis_set
from estimate.core.estimand import Estimand
from estimate.sample_size.exact_fixed import exact_power, largest_size
from protocol.errors import InputError

QUESTION = Estimand("all", "1 vs 0", "won", "")


def test_published_p_values_of_a_small_trial() -> None:
    """12 of 15 against 7 of 15: Mehta CR, Senchaudhuri P, Cytel 2003: 0.0641 and 0.0341."""
    p = {test: exact_p_values(test, 15, 15, 1)[12, 7] for test in ("fisher", "barnard")}
    assert p == pytest.approx({"fisher": 0.0641, "barnard": 0.0341}, abs=5e-5)


@pytest.mark.parametrize(("sides", "alternative"), [(1, "greater"), (2, "two-sided")])
def test_boschloo_and_fisher_are_those_of_scipy(sides: int, alternative: str) -> None:
    for x1, x2 in ((9, 4), (3, 11), (12, 0)):
        table = [[x1, x2], [12 - x1, 14 - x2]]
        ours = {
            each: exact_p_values(each, 12, 14, sides)[x1, x2] for each in ("fisher", "boschloo")
        }
        theirs = {
            "fisher": stats.fisher_exact(table, alternative=alternative).pvalue,
            "boschloo": stats.boschloo_exact(table, alternative=alternative, n=256).pvalue,
        }
        assert ours == pytest.approx(theirs, rel=2e-5, abs=1e-12)


@pytest.mark.parametrize("sides", [1, 2])
def test_barnard_is_the_supremum_over_a_fine_grid(sides: int) -> None:
    """Ties of abs(z) count together; rounding in scipy 1.17 splits them (12 and 20 patients)."""
    n1, n2 = 12, 20
    z = np.abs(pooled_z(n1, n2)) if sides == 2 else pooled_z(n1, n2)
    risk = np.linspace(0, 1, 8001)
    first, second = binomial_masses(n1, risk), binomial_masses(n2, risk)
    for x1, x2 in ((5, 3), (9, 6), (2, 14)):
        beyond = (z >= z[x1, x2] - 1e-9).astype(float)
        sup = ((first @ beyond) * second).sum(1).max()
        assert exact_p_values("barnard", n1, n2, sides)[x1, x2] == pytest.approx(sup, rel=1e-5)


@pytest.mark.parametrize("test", ["fisher", "barnard", "boschloo"])
def test_exact_tests_control_type_i_error_at_every_risk(test: str) -> None:
    rejects = exact_p_values(test, 30, 25, 2) <= 0.05
    assert 0.02 < largest_size(rejects)[0] <= 0.05 + 1e-6


def test_boschloo_is_never_less_powerful_than_fisher() -> None:
    boschloo, fisher = exact_p_values("boschloo", 20, 17, 1), fisher_p_values(20, 17)
    assert (boschloo <= fisher * (1 + 1e-5)).all()
    assert (boschloo < 0.8 * fisher)[fisher < 0.3].mean() > 0.9


def test_power_of_fisher_is_that_of_an_independent_enumeration() -> None:
    rejects = exact_p_values("fisher", 50, 50, 2) <= 0.05
    assert exact_power(rejects, 0.7, 0.4) == pytest.approx(0.829001, abs=1e-6)
    assert exact_power(rejects, 0.4, 0.4) == pytest.approx(0.032068, abs=1e-6)


def test_the_p_value_of_one_table_equals_its_entry_among_all_tables() -> None:
    for test in ("barnard", "boschloo"):
        found = unconditional_p_value(test, 4, 11, 9, 13)
        assert found == pytest.approx(exact_p_values(test, 11, 13, 2)[4, 9], rel=1e-9)


def test_mid_p_counts_the_observed_tables_by_half() -> None:
    whole, half = (fisher_2x2([[6, 4], [3, 8]], mid_p=each) for each in (False, True))
    below = exact_p_values("fisher-mid-p", 10, 11, 2)[6, 3]
    assert half.p_value == pytest.approx(below)
    assert half.p_value < whole.p_value
    assert whole.conf_low < half.conf_low < half.conf_high < whole.conf_high


def test_a_test_is_valid_when_its_ratio_is_not_finite() -> None:
    counts = [np.array([each]) for each in (9, 20, 0, 20)]
    for method in ("risk-ratio", "fisher"):
        found = CountTest(method).compare(*counts, QUESTION)
        assert np.isnan(found.estimate[0])
        assert found.converged[0]
        assert found.statistic[0] > 1.96


def test_analysis_and_design_have_the_same_p_value() -> None:
    won = [1] * 12 + [0] * 3 + [1] * 7 + [0] * 9
    data = analysis_set({"arm": [1] * 15 + [0] * 16, "won": won}, treatment="arm", outcome="won")
    counts = [np.array([each]) for each in (12, 15, 7, 16)]
    for method in ("risk-ratio", "fisher", "fisher-mid-p", "barnard", "boschloo"):
        one, many = compare_by_counts(data, method), CountTest(method).compare(*counts, QUESTION)
        numbers = ("estimate", "conf_low", "conf_high", "p_value", "statistic")
        for name in numbers:
            assert getattr(one, name) == pytest.approx(getattr(many, name)[0], rel=1e-9)


def test_unconditional_tests_refuse_large_trials_by_name() -> None:
    with pytest.raises(InputError, match="too many for the exact test barnard"):
        exact_p_values("barnard", 600, 600, 2)
