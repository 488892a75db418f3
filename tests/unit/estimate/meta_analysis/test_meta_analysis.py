"""Meta-analysis: hand calculations, boundary cases and general properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimate.meta_analysis.count_models import binomial_normal
from estimate.meta_analysis.pooling import pool_effects
from estimate.meta_analysis.small_study_effects import bias_adjusted, egger_test, leave_one_out
from estimate.meta_analysis.study_effects import (
    StudyEffects,
    effects_from_counts,
    effects_from_intervals,
)
from protocol.errors import InputError

METHODS = ["EE", "DL", "HE", "SJ", "PM", "ML", "REML"]


@st.composite
def several_studies(draw):
    count = draw(st.integers(2, 8))
    effects = draw(st.lists(st.floats(-3, 3), min_size=count, max_size=count))
    variances = draw(st.lists(st.floats(0.01, 2), min_size=count, max_size=count))
    return StudyEffects("odds ratio", np.array(effects), np.array(variances))


@given(several_studies(), st.sampled_from(METHODS), st.floats(0.25, 4), st.floats(-2, 2))
def test_the_pooled_effect_follows_changes_of_scale_and_origin(studies, method, factor, shift):
    moved = StudyEffects(
        "odds ratio", shift + factor * studies.effect, factor**2 * studies.variance
    )
    first, second = pool_effects(studies, method), pool_effects(moved, method)
    assert second.tau2 == pytest.approx(factor**2 * first.tau2, rel=1e-3, abs=1e-6)
    expected = shift + factor * first.coefficient[0]
    assert second.coefficient[0] == pytest.approx(expected, rel=1e-3, abs=1e-4)


@given(several_studies(), st.sampled_from(METHODS))
def test_the_pooled_effect_is_within_the_studies_and_order_is_irrelevant(studies, method):
    answer = pool_effects(studies, method)
    assert studies.effect.min() - 1e-9 <= answer.coefficient[0] <= studies.effect.max() + 1e-9
    low, high = answer.prediction()[1:]
    assert low <= answer.conf_low[0] + 1e-12
    assert answer.conf_high[0] <= high + 1e-12
    turned = StudyEffects("odds ratio", studies.effect[::-1], studies.variance[::-1])
    assert pool_effects(turned, method).tau2 == pytest.approx(answer.tau2, rel=1e-5, abs=1e-9)


def test_equal_effects_have_no_heterogeneity():
    same = StudyEffects("risk difference", np.full(4, 0.1), np.array([0.01, 0.02, 0.03, 0.04]))
    for method in METHODS:
        answer = pool_effects(same, method)
        assert (answer.tau2, answer.q) == pytest.approx((0, 0), abs=1e-12)
        assert answer.i2_percent == pytest.approx(0, abs=1e-9)
        assert answer.std_error[0] == pytest.approx((100 + 50 + 100 / 3 + 25) ** -0.5)


def test_two_studies_pooled_by_hand():
    # Weights 4 and 1: (4 x 0 + 1 x 1) / 5; Q = 4 x 0.04 + 0.64 = 0.8, below 1 degree of freedom.
    two = StudyEffects("odds ratio", np.array([0.0, 1.0]), np.array([0.25, 1.0]))
    answer = pool_effects(two, "DL")
    assert (answer.coefficient[0], answer.q, answer.tau2) == pytest.approx((0.2, 0.8, 0.0))


def test_one_study_is_reported_as_it_is():
    one = effects_from_intervals([1.59], [1.02], [2.48])
    answer = pool_effects(one)
    assert np.exp(answer.coefficient[0]) == pytest.approx(1.59)
    assert answer.tau2 == 0
    assert np.isnan(answer.q_p_value)
    assert np.isnan(answer.tau2_low)


def test_exchanging_arms_turns_the_sign():
    forth = effects_from_counts([5, 0, 9], [20, 15, 30], [8, 3, 9], [22, 14, 29])
    back = effects_from_counts([8, 3, 9], [22, 14, 29], [5, 0, 9], [20, 15, 30])
    assert list(forth.effect) == pytest.approx(list(-back.effect))
    assert list(forth.variance) == pytest.approx(list(back.variance))
    first, second = (
        binomial_normal([5, 0, 9], [20, 15, 30], [8, 3, 9], [22, 14, 29]),
        (binomial_normal([8, 3, 9], [22, 14, 29], [5, 0, 9], [20, 15, 30])),
    )
    assert first.pooled.effect == pytest.approx(-second.pooled.effect, abs=1e-6)


def test_an_assumed_bias_is_removed_and_its_uncertainty_added():
    studies = effects_from_intervals([1.5, 2.0], [1.0, 1.0], [2.25, 4.0])
    adjusted = bias_adjusted(studies, np.array([0.1, 0.2]), np.array([0.01, 0.04]))
    assert list(adjusted.effect - studies.effect) == pytest.approx([-0.1, -0.2])
    assert list(adjusted.variance - studies.variance) == pytest.approx([0.01, 0.04])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: effects_from_counts([5], [4], [1], [4]), "whole number from 0"),
        (lambda: effects_from_counts([1.5], [4], [1], [4]), "whole number from 0"),
        (lambda: effects_from_counts([1], [4], [1], [4], "hazard ratio"), "not one of"),
        (lambda: effects_from_intervals([-0.2], [-0.4], [0.1]), "not their logarithms"),
        (lambda: effects_from_intervals([3.0], [1.0], [2.0]), "inside its interval"),
        (lambda: StudyEffects("odds ratio", np.array([0.1]), np.array([0.0])), "row 1"),
        (lambda: binomial_normal([0, 1], [9, 9], [0, 2], [9, 9]), "fewer than two studies"),
        (lambda: leave_one_out(effects_from_counts([1], [4], [1], [4])), "one study"),
        (lambda: egger_test(effects_from_counts([1, 2], [4, 4], [1, 1], [4, 4])), "three studies"),
    ],
)
def test_what_cannot_be_pooled_is_refused_in_words(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_collinear_moderators_are_refused():
    studies = effects_from_counts([5, 3, 9, 4], [20, 15, 30, 25], [8, 3, 9, 2], [22, 14, 29, 24])
    for values, names, words in (
        ([1, 1, 1, 1], ["surgery"], "cannot tell"),
        ([1, 2, 3, 4], [], "name each moderator"),
    ):
        with pytest.raises(InputError, match=words):
            pool_effects(studies, moderators=values, names=names)
    with pytest.raises(InputError, match="at least two studies more"):
        pool_effects(effects_from_intervals([1.59], [1.02], [2.48]), test="knapp-hartung")
    with pytest.raises(InputError, match="one value per moderator"):
        pool_effects(studies).prediction([1.0])
