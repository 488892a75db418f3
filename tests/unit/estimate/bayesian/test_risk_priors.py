"""Beta mixtures, the predictive prior of the control risk, and posteriors of the effect."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from estimate.bayesian.arm_priors import ArmPriors
from estimate.bayesian.beta_mixture import BetaMixture
from estimate.bayesian.control_history import risk_history
from estimate.bayesian.count_tables import EffectThreshold, difference_quantiles
from estimate.bayesian.relative_prior import RelativePrior, check_effect_prior
from estimate.core.numeric.normal_mixture import NormalMixture
from protocol.errors import InputError

FLAT = BetaMixture.of([1.0], [1.0], [1.0])

#: Printed in "Getting started with RBesT (binary)" of RBesT 1.11-0 (opensource.nibr.com/RBesT).
ANKYLOSING = BetaMixture.of(
    [0.4612914, 0.1917812, 0.1893896, 0.1575378],
    [33.9513487, 19.4400089, 12.2692310, 2.2521243],
    [103.0146367, 41.5205219, 55.9202833, 5.4812202],
)
ROBUST = ANKYLOSING.mixed_with(FLAT, 0.2)
NO_DIFFERENCE = EffectThreshold("risk difference", 0.0)


def test_the_posterior_of_a_mixture_by_hand():
    """Predictive probability of 1 event of 2: 1/3 under Beta(1, 1), 0.3 under Beta(2, 1) + 0.2."""
    after = BetaMixture.of([0.5, 0.5], [1, 2], [1, 1]).posterior(1, 2)
    weights = np.array([1 / 3, 1 / 3])  # 2 * B(3, 2) / B(2, 1) = 2 * (1/12) / (1/2)
    assert after.weight == pytest.approx(weights / weights.sum())
    assert after.alpha.tolist() == [2, 3]
    assert after.beta.tolist() == [2, 2]


def test_effective_sample_sizes_are_those_that_rbest_prints():
    assert round(ANKYLOSING.elir_sample_size()) == 38
    assert round(ANKYLOSING.moment_sample_size()) == 24
    assert round(ROBUST.elir_sample_size()) == 27
    twice = BetaMixture.of([0.5, 0.5], [3.0, 3.0], [7.0, 7.0])
    assert twice.elir_sample_size() == pytest.approx(10, abs=1e-8)
    assert FLAT.elir_sample_size() == 2
    assert FLAT.mixed_with(BetaMixture.of([1.0], [0.5], [7.0]), 0.5).elir_sample_size() is None


def test_posterior_probability_and_decisions_are_those_that_rbest_prints():
    treated = BetaMixture.of([1.0], [0.5], [1.0])
    robust = ArmPriors(ROBUST, treated).tables(24, 6, [NO_DIFFERENCE]).above[0]
    assert robust[14, 1] == pytest.approx(0.9917197, abs=5e-8)
    plain = ArmPriors(ANKYLOSING, treated).tables(24, 6, [NO_DIFFERENCE]).above[0]
    assert plain[15, 3] > 0.95 > plain[14, 4]


def test_the_predictive_prior_of_eight_studies_is_that_of_rbest():
    """RBesT samples: mean 0.255, SD 0.0864, quantiles 0.106, 0.247 and 0.461 (4,000 draws)."""
    events, participants = [23, 12, 19, 9, 39, 6, 9, 10], [107, 44, 51, 39, 139, 20, 78, 35]
    found = risk_history(events, participants)
    assert found.mean == pytest.approx(0.255, abs=0.005)
    assert found.sd == pytest.approx(0.0864, abs=0.002)
    assert found.largest_gap < 0.003
    quantiles = [found.mixture.quantile(each) for each in (0.025, 0.5, 0.975)]
    assert quantiles == pytest.approx([0.106, 0.247, 0.461], abs=0.01)
    assert round(found.mixture.moment_sample_size()) == 24


def test_studies_that_agree_give_the_posterior_of_their_sum():
    """With no heterogeneity and a vague prior mean the counts of the studies are pooled."""
    found = risk_history([30, 60], [100, 200], tau_scale=1e-4, mean_sd=50.0, components=1)
    log_odds_prior = stats.beta(90, 210)  # Haldane's prior is flat in the log odds
    assert found.mean == pytest.approx(log_odds_prior.mean(), abs=1e-4)
    assert found.sd == pytest.approx(log_odds_prior.std(), abs=1e-4)


@pytest.mark.parametrize(
    ("events", "participants"), [([], []), ([3], [2]), ([-1], [5]), ([1, 2], [9])]
)
def test_impossible_counts_are_refused(events, participants):
    with pytest.raises(InputError, match="counts of earlier studies"):
        risk_history(events, participants)


@pytest.mark.parametrize(
    "threshold",
    [EffectThreshold("risk difference", 0.1), EffectThreshold("risk difference", -0.05),
     EffectThreshold("odds ratio", float(np.log(1.5)))],
)  # fmt: skip
def test_posteriors_of_arms_equal_adaptive_quadrature(threshold):
    prior = ArmPriors(
        BetaMixture.of([0.7, 0.3], [4, 0.6], [16, 1.4]), BetaMixture.of([1.0], [0.3], [0.7])
    )
    table = prior.tables(30, 20, [threshold])
    assert table.marginal.sum() == pytest.approx(1, abs=1e-12)
    for treated, control in ((30, 0), (29, 3), (12, 5), (3, 1)):
        first, second = prior.treated.posterior(treated, 30), prior.control.posterior(control, 20)

        def integrand(p, first=first, second=second):
            over = p + threshold.value
            if threshold.scale == "odds ratio":
                over = 1 / (1 + (1 - p) / p * np.exp(-threshold.value))
            density = second.weight @ stats.beta.pdf(p, second.alpha, second.beta)
            return density * (first.weight @ stats.beta.sf(over, first.alpha, first.beta))

        edges = [0, 0.001, 0.02, 0.1, 0.3, 0.6, 1]
        expected = sum(
            integrate.quad(integrand, *each, epsabs=1e-12)[0] for each in pairwise(edges)
        )
        assert table.above[0][treated, control] == pytest.approx(expected, abs=1e-9)
        pair = prior.above_pairs((30, 20), threshold, np.array([treated]), np.array([control]))
        assert pair[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("scale", "effect"),
    [("odds ratio", NormalMixture.of([0.2, 0.5, 0.3], [0, 0.4, -0.2], [0, 0.3, 0.5])),
     ("risk difference", NormalMixture.of([0.2, 0.5, 0.3], [0, 0.1, -0.05], [0, 0.1, 0.3]))],
)  # fmt: skip
def test_posteriors_of_an_effect_equal_draws_from_the_prior(scale, effect):
    prior = RelativePrior(BetaMixture.of([1.0], [5.0], [7.0]), effect, scale)
    limits = [EffectThreshold("risk difference", 0.05), EffectThreshold("odds ratio", 0.2)]
    table = prior.tables(12, 9, limits)
    assert table.marginal.sum() == pytest.approx(1, abs=1e-9)
    treated, control = prior.draw(np.random.default_rng(4), 200_000)
    weight = stats.binom.pmf(8, 12, treated) * stats.binom.pmf(3, 9, control)
    assert table.marginal[8, 3] == pytest.approx(weight.mean(), rel=0.02)
    odds = limits[1].effect(treated, control)
    for found, over in zip(table.above, (treated - control > 0.05, odds > 0.2), strict=True):
        assert found[8, 3] == pytest.approx((weight * over).sum() / weight.sum(), abs=0.01)
    mean = (weight * (treated - control)).sum() / weight.sum()
    assert table.difference[8, 3] == pytest.approx(mean, abs=0.004)
    pair = prior.above_pairs((12, 9), limits[0], np.array([8]), np.array([3]))
    assert pair[0] == pytest.approx(table.above[0][8, 3], abs=1e-7)
    low, high = difference_quantiles(prior, (12, 9), (8, 3), [0.1, 0.8])
    for value, share in ((low, 0.9), (high, 0.2)):
        over = weight[treated - control > value + 2e-4].sum() / weight.sum()
        at_least = weight[treated - control > value - 2e-4].sum() / weight.sum()
        assert over - 0.012 < share < at_least + 0.012  # the prior of the effect is continuous


def test_a_point_prior_at_zero_is_the_null_hypothesis():
    prior = RelativePrior(FLAT, NormalMixture.of([1.0], [0.0], [0.0]), "odds ratio")
    assert prior.tables(10, 10, [NO_DIFFERENCE]).above[0].max() == 0
    below = EffectThreshold("risk difference", -1e-9)
    assert prior.tables(10, 10, [below]).above[0].min() == pytest.approx(1)


def test_an_effect_prior_that_is_narrow_but_no_point_is_refused():
    with pytest.raises(InputError, match=r"between 0 and 0\.01"):
        check_effect_prior(NormalMixture.of([1.0], [0.1], [0.001]))
