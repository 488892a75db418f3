"""Priors of an effect: mixtures, meta-analytic-predictive and elicited priors, assurance."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from estimate.core.numeric.normal_mixture import NormalMixture
from estimate.meta_analysis.elicited_prior import prior_from_histogram, prior_from_quantiles
from estimate.meta_analysis.predictive_prior import predictive_prior, robust_prior
from estimate.meta_analysis.study_effects import StudyEffects
from estimate.sample_size.assurance import (
    assurance_two_proportions,
    normal_assurance,
    value_of_sample,
)
from estimate.sample_size.closed_form import power_two_proportions
from protocol.errors import InputError

BELIEF = NormalMixture.of([0.6, 0.3, 0.1], [0.45, -0.2, 0.0], [0.3, 0.5, 0.0])


@given(st.floats(-1, 1), st.floats(0.05, 1), st.floats(0.05, 1), st.floats(0.001, 0.4))
def test_assurance_of_a_normal_prior_has_its_closed_form(mean, sd, error, alpha):
    bar = norm.isf(alpha) * error
    expected = norm.sf((bar - mean) / np.hypot(sd, error))
    prior = NormalMixture.of([1.0], [mean], [sd])
    assert normal_assurance(prior, error, alpha) == pytest.approx(expected, abs=1e-12)
    averaged = prior.expect(lambda effect: norm.sf((bar - effect) / error))
    assert averaged == pytest.approx(expected, abs=1e-9)


def test_the_assurance_of_a_point_prior_is_the_power():
    certain = NormalMixture.of([1.0], [np.log(1.59)], [0.0])
    found = assurance_two_proportions(certain, 0.195, 410, 410)
    treated = 1.59 * 0.195 / (1 - 0.195 + 1.59 * 0.195)
    assert found.success == pytest.approx(power_two_proportions(treated, 0.195, 410, 410))
    assert (found.benefit, found.misleading) == (1.0, 0.0)


def test_without_an_effect_a_trial_succeeds_with_probability_alpha():
    found = assurance_two_proportions(NormalMixture.of([1.0], [0.0], [0.0]), 0.195, 300, 300)
    assert found.success == found.harm_shown == pytest.approx(0.025)
    assert found.benefit == 0.0
    assert np.isnan(found.success_given_benefit)
    assert found.no_benefit_given_success == 1.0


def test_assurance_equals_an_average_over_drawn_effects():
    random = np.random.default_rng(3)
    part = random.choice(3, 200_000, p=BELIEF.weight)
    effect = BELIEF.mean_of[part] + BELIEF.sd_of[part] * random.standard_normal(part.size)
    odds = 0.195 / 0.805 * np.exp(effect)
    power = power_two_proportions(odds / (1 + odds), 0.195, 300, 300, both_sides=True)
    right = power_two_proportions(odds / (1 + odds), 0.195, 300, 300)
    wins = np.where(effect > 0, right, power - right)
    wins[effect == 0] = 0.025
    found = assurance_two_proportions(BELIEF, 0.195, 300, 300)
    error = wins.std() / wins.size**0.5
    assert found.success == pytest.approx(wins.mean(), abs=4 * error)
    assert found.misleading == pytest.approx((wins * (effect <= 0)).mean(), abs=4 * error)
    assert found.benefit == pytest.approx((effect > 0).mean(), abs=0.005)


@given(st.floats(-0.5, 0.5), st.floats(0.1, 1), st.floats(0.02, 3))
def test_the_value_of_a_sample_has_its_closed_form_for_a_linear_benefit(mean, sd, error):
    of_means = sd**2 / np.hypot(sd, error)
    expected = mean * norm.cdf(mean / of_means) + of_means * norm.pdf(mean / of_means)
    prior = NormalMixture.of([1.0], [mean], [sd])
    found = value_of_sample(prior, error, lambda effect: effect)
    assert found == pytest.approx(expected - max(0.0, mean), abs=1e-7)


def test_more_data_are_worth_more_and_never_more_than_perfect_information():
    def benefit(effect):
        return 0.1 * effect - 0.02

    values = [value_of_sample(BELIEF, error, benefit) for error in (2.0, 0.6, 0.2, 0.05, 0.0)]
    assert all(a < b + 1e-9 for a, b in itertools.pairwise(values))


@given(
    st.lists(st.floats(-1, 1), min_size=2, max_size=6),
    st.floats(0.05, 0.6),
)
def test_equal_effects_without_heterogeneity_are_a_normal_posterior(effects, variance):
    studies = StudyEffects("odds ratio", np.array(effects), np.full(len(effects), variance))
    prior = predictive_prior(studies, tau_scale=0.0)
    assert prior.mean == pytest.approx(np.mean(effects))
    assert prior.sd == pytest.approx((variance / len(effects)) ** 0.5)
    wider = predictive_prior(studies, tau_scale=0.5)
    assert wider.sd > prior.sd


def test_a_predictive_prior_equals_a_brute_force_posterior():
    studies = StudyEffects(
        "odds ratio", np.array([0.46, 0.93, -0.08]), np.array([0.05, 0.05, 0.24])
    )
    prior = predictive_prior(studies, 0.5)
    tau = np.linspace(1e-4, 3, 3000)[:, None, None]
    mean = np.linspace(-4, 4, 1601)[None, :, None]
    total = studies.variance + tau**2
    log_density = (-0.5 * np.log(total) - 0.5 * (studies.effect - mean) ** 2 / total).sum(-1)
    weight = np.exp(log_density - log_density.max() - 0.5 * (tau[..., 0] / 0.5) ** 2)
    weight /= weight.sum()
    expected = float((weight * mean[..., 0]).sum())
    second = float((weight * (mean[..., 0] ** 2 + tau[..., 0] ** 2)).sum())
    assert prior.mean == pytest.approx(expected, abs=1e-4)
    assert prior.sd == pytest.approx((second - expected**2) ** 0.5, abs=1e-3)


def test_a_robust_prior_contains_its_components():
    informative = NormalMixture.of([1.0], [0.4], [0.2])
    robust = robust_prior(informative, null_weight=0.3, vague_weight=0.2, vague_sd=1.5)
    assert robust.weight.tolist() == pytest.approx([0.5, 0.3, 0.2])
    assert robust.mean == pytest.approx(0.2)
    expected = 0.5 * norm.cdf(-2) + 0.2 * 0.5  # the point at 0 is not below 0
    assert robust.probability_below(0.0) == pytest.approx(expected)
    assert robust.quantile(0.3) == pytest.approx(0.0, abs=1e-6)


def test_stated_quantiles_come_back():
    exact = prior_from_quantiles({0.25: 0.1, 0.75: 0.5})
    assert exact.largest_gap == pytest.approx(0, abs=1e-12)
    assert exact.prior.quantile(0.25) == pytest.approx(0.1)
    skewed = prior_from_quantiles({0.05: 0.0, 0.5: 0.1, 0.95: 1.0})
    assert skewed.largest_gap > 0.1
    boxes = prior_from_histogram([-0.5, 0.0, 0.5, 1.0], [0.2, 0.5, 0.3])
    assert boxes.mean == pytest.approx(0.2 * -0.25 + 0.5 * 0.25 + 0.3 * 0.75)
    parts = [((e - 0.0) ** 2, w) for e, w in zip((-0.25, 0.25, 0.75), (0.2, 0.5, 0.3), strict=True)]
    second = sum(w * (square + 0.25 / 12) for square, w in parts)
    assert boxes.sd == pytest.approx((second - boxes.mean**2) ** 0.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: NormalMixture.of([0.5, 0.4], [0, 1], [1, 1]), "sum to 1"),
        (lambda: NormalMixture.of([1.0], [0], [-1]), "below 0"),
        (lambda: robust_prior(BELIEF, null_weight=0.7, vague_weight=0.5), "more than 1"),
        (lambda: prior_from_quantiles({0.5: 1.0}), "two quantiles"),
        (lambda: prior_from_quantiles({0.2: 1.0, 0.8: 0.5}), "do not rise"),
        (lambda: prior_from_histogram([0, 1], [0.5, 0.5]), "one edge more"),
        (lambda: assurance_two_proportions(BELIEF, 1.2, 10, 10), "between 0 and 1"),
        (lambda: normal_assurance(BELIEF, 0.2, 0.7), "one-sided"),
        (
            lambda: predictive_prior(StudyEffects("odds ratio", np.ones(2), np.ones(2)), -1),
            "0 or more",
        ),
    ],
)
def test_impossible_priors_are_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()
