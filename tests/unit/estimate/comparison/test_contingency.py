"""Two-by-two tables: hand calculations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from estimate.comparison.contingency import TwoByTwo, odds_ratio, risk_difference, risk_ratio
from estimate.comparison.two_sample import chi_square
from estimate.core.estimand import Estimand

QUESTION = Estimand("all patients", "therapy 1 vs 0", "sperm_retrieved", "")
counts = st.integers(1, 200)


def test_ten_patients_by_hand():
    table = TwoByTwo.of(3, 2, 1, 4)
    assert risk_difference(table, QUESTION).estimate == pytest.approx(3 / 5 - 1 / 5)
    assert risk_difference(table, QUESTION).std_error == pytest.approx(
        np.sqrt(0.6 * 0.4 / 5 + 0.2 * 0.8 / 5)
    )
    assert risk_ratio(table, QUESTION).estimate == pytest.approx(3)
    assert odds_ratio(table, QUESTION).estimate == pytest.approx(6)
    assert odds_ratio(table, QUESTION).std_error == pytest.approx(
        np.sqrt(1 / 3 + 1 / 2 + 1 + 1 / 4)
    )


@given(counts, counts, counts, counts)
def test_chi_square_agrees_with_scipy(a, b, c, d):
    for yates in (True, False):
        peer = chi2_contingency([[a, b], [c, d]], correction=yates)
        ours = chi_square(TwoByTwo.of(a, b, c, d).matrix, yates=yates)
        assert ours.statistic == pytest.approx(peer.statistic, abs=1e-9)
        assert ours.p_value == pytest.approx(peer.pvalue)


@given(counts, counts, counts, counts)
def test_swapping_the_arms_inverts_ratios_and_negates_the_difference(a, b, c, d):
    there, back = TwoByTwo.of(a, b, c, d), TwoByTwo.of(c, d, a, b)
    for measure in (odds_ratio, risk_ratio):
        one, other = measure(there, QUESTION), measure(back, QUESTION)
        assert one.estimate * other.estimate == pytest.approx(1)
        assert one.conf_low * other.conf_high == pytest.approx(1, rel=1e-6)
        assert one.p_value == pytest.approx(other.p_value, abs=1e-9)
    one, other = risk_difference(there, QUESTION), risk_difference(back, QUESTION)
    assert one.conf_low == pytest.approx(-other.conf_high)


@given(counts, counts, counts, counts)
def test_the_estimate_lies_in_its_interval_and_p_agrees_with_it(a, b, c, d):
    for measure in (odds_ratio, risk_ratio):
        answer = measure(TwoByTwo.of(a, b, c, d), QUESTION)
        assert answer.conf_low < answer.estimate < answer.conf_high
        outside = answer.conf_low > 1 or answer.conf_high < 1
        assert outside == (answer.p_value < 0.05)


def test_a_batch_of_tables_is_one_call():
    answer = odds_ratio(TwoByTwo.of([115, 142], [253, 253], 34, 140), QUESTION)
    assert answer.estimate == pytest.approx([1.8717, 2.3111], abs=1e-4)
    assert [record["n"] for record in answer.records()] == [542, 569]


def test_an_empty_cell_is_a_result_without_numbers():
    answer = odds_ratio(TwoByTwo.of([3, 3], [2, 2], [0, 1], [5, 4]), QUESTION)
    assert answer.converged.tolist() == [False, True]
    assert answer.records()[0]["estimate"] is None
    assert risk_difference(TwoByTwo.of(3, 2, 0, 5), QUESTION).estimate == pytest.approx(0.6)


def test_an_empty_arm_is_a_result_without_numbers():
    for measure in (odds_ratio, risk_ratio, risk_difference):
        answer = measure(TwoByTwo.of(3, 2, 0, 0), QUESTION)
        assert not answer.converged
        assert np.isnan(answer.conf_low)
