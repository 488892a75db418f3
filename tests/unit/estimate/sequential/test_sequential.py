"""Group-sequential designs: hand calculations, boundary cases and general properties."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr, ndtri
from scipy.stats import norm

from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.boundary_shapes import HaybittlePeto, WangTsiatis
from estimate.sequential.combination import fisher_boundaries, fisher_product, inverse_normal
from estimate.sequential.conditional_power import (
    conditional_power,
    information_for_power,
    predictive_power,
    required_z,
)
from estimate.sequential.interim_inference import (
    analyse_final,
    observed_boundaries,
    repeated_interval,
    repeated_p,
    stagewise_tail,
)
from estimate.sequential.recursion import exit_probabilities
from estimate.sequential.spending import Spending
from protocol.errors import InputError

OF = Spending("OF")


def test_one_analysis_is_a_z_test():
    design = plan_sequential([1.0], OF)
    assert design.upper == pytest.approx([1.959964], abs=1e-6)
    assert design.inflation == pytest.approx(1.0)
    assert design.drift == pytest.approx(ndtri(0.975) + ndtri(0.8))


def test_two_analyses_agree_with_the_bivariate_normal():
    t, upper, drift = np.array([0.4, 1.0]), np.array([2.5, 2.0]), 1.7
    _, up = exit_probabilities(t, [-np.inf, upper[1]], upper, drift)
    root = np.sqrt(0.4)
    means = drift * np.sqrt(t)

    def density(x):  # of Z_1 = x with Z_2 below its boundary; the correlation is sqrt(0.4)
        return norm.pdf(x - means[0]) * norm.cdf(
            (upper[1] - means[1] - root * (x - means[0])) / np.sqrt(0.6)
        )

    below_both = quad(density, -9, upper[0], epsabs=1e-13)[0]
    assert up[0] == pytest.approx(ndtr(drift * root - 2.5), abs=1e-12)
    assert up.sum() == pytest.approx(1 - below_both, abs=1e-11)


def test_a_batch_of_drifts_equals_single_calls():
    design = plan_sequential([0.2, 0.5, 1], Spending("HSD", -2), futility=Spending("KD", 2))
    drifts = np.array([[-3.0, 0.0, 0.4], [1.0, 2.8, 6.0]])
    low, up = design.exits(drifts)
    assert low.shape == (2, 3, 3)
    for index in np.ndindex(drifts.shape):
        alone = design.exits(drifts[index])
        assert low[index] == pytest.approx(alone[0], abs=1e-12)
        assert up[index] == pytest.approx(alone[1], abs=1e-12)


def test_exit_probabilities_agree_with_simulated_random_walks():
    design = plan_sequential([0.25, 0.5, 1], Spending("Pocock"), futility=Spending("Pocock"))
    rng, trials = np.random.default_rng(5), 200_000
    t = np.array(design.information_rates)
    steps = rng.normal(size=(trials, 3)) * np.sqrt(np.diff(t, prepend=0))
    z = (np.cumsum(steps, 1) + 2.0 * t) / np.sqrt(t)
    up, low, running = np.zeros(3), np.zeros(3), np.ones(trials, bool)
    for k in range(3):
        above, below = z[:, k] >= design.upper[k], z[:, k] < design.lower[k]
        up[k], low[k] = (running & above).mean(), (running & below).mean()
        running &= ~(above | below)
    exact_low, exact_up = design.exits(2.0)
    for found, exact in ((up, exact_up), (low, exact_low)):
        mcse = np.sqrt(exact * (1 - exact) / trials)
        assert (np.abs(found - exact) < 4 * mcse).all()


def test_non_binding_boundaries_control_alpha_without_futility():
    design = plan_sequential([1 / 3, 2 / 3, 1], OF, futility=OF)
    assert design.alpha_spent()[-1] == pytest.approx(0.025)
    assert design.rejection().sum() < 0.025
    assert design.rejection(design.drift).sum() == pytest.approx(0.8)


def test_binding_boundaries_control_alpha_with_futility():
    design = plan_sequential([1 / 3, 2 / 3, 1], OF, futility=OF, binding=True)
    assert design.rejection().sum() == pytest.approx(0.025)
    assert design.inflation < plan_sequential([1 / 3, 2 / 3, 1], OF, futility=OF).inflation


def test_two_sides_reject_in_both_directions():
    design = plan_sequential([0.5, 1], WangTsiatis(0.5), alpha=0.05, sides=2)
    assert design.rejection().sum() == pytest.approx(0.05)
    assert design.rejection(3.0) == pytest.approx(design.rejection(-3.0))
    assert (design.rejection(1.0) + design.futility(1.0)).sum() == pytest.approx(1.0)


def test_analyses_may_be_close_and_many():
    close = plan_sequential([0.5, 0.502, 1], Spending("Pocock"))
    far = plan_sequential([0.5, 1], Spending("Pocock"))
    assert close.alpha_spent()[-1] == pytest.approx(0.025, rel=1e-9)
    assert close.upper[2] == pytest.approx(far.upper[1], abs=0.01)
    many = plan_sequential(np.arange(1, 41) / 40, WangTsiatis(0), alpha=0.05, sides=2)
    # The boundary tends to that of Brownian motion, sup |B| on [0, 1]: 2.2414.
    assert 2.13 < many.upper[-1] < 2.2414
    _, up = many.exits(many.drift)
    assert up.sum() == pytest.approx(0.8, abs=1e-9)


@pytest.mark.parametrize("delta", [-1, 1])
def test_extreme_shapes_control_alpha(delta):
    design = plan_sequential([0.05, 0.3, 1], WangTsiatis(delta))
    assert design.alpha_spent()[-1] == pytest.approx(0.025, rel=1e-8)


def test_every_trial_ends_once():
    design = plan_sequential([0.3, 0.6, 1], Spending("HSD", 1), futility=Spending("HSD", -1))
    ends = design.rejection([-1.0, 0.0, 3.0]) + design.futility([-1.0, 0.0, 3.0])
    assert ends.sum(-1) == pytest.approx(np.ones(3))


def test_hwang_at_gamma_zero_spends_evenly():
    assert Spending("HSD", 0.0).spent([0.25, 1], 0.04) == pytest.approx([0.01, 0.04])
    assert Spending("HSD", 1e-9).spent([0.25, 1], 0.04) == pytest.approx([0.01, 0.04])


def test_nothing_is_left_to_spend_after_an_overrunning():
    assert OF.spent([1.0, 1.3], 0.025) == pytest.approx([0.025, 0.025])
    boundaries = observed_boundaries(0.025, OF, [30, 70, 110], 100)
    size = exit_probabilities([30, 70, 110], [-np.inf] * 2 + [boundaries[2]], boundaries)[1].sum()
    assert size == pytest.approx(0.025)
    assert boundaries[2] > plan_sequential([0.3, 0.7, 1], OF).upper[2]


def test_an_underrunning_trial_spends_the_remaining_alpha():
    boundaries = observed_boundaries(0.025, OF, [30, 70, 90], 100, last=True)
    unfinished = observed_boundaries(0.025, OF, [30, 70, 90], 100)
    size = exit_probabilities([30, 70, 90], [-np.inf] * 2 + [boundaries[2]], boundaries)[1].sum()
    assert size == pytest.approx(0.025)
    assert boundaries[2] < unfinished[2]


def test_an_analysis_without_alpha_has_no_boundary():
    shape = Spending("user", cumulative=(0.0, 0.01, 0.025))
    design = plan_sequential([0.3, 0.6, 1], shape)
    assert design.upper[0] == np.inf
    assert design.rejection(3.0)[0] == 0


def test_after_one_analysis_the_final_analysis_is_the_plain_one():
    design = plan_sequential([0.5, 1], OF)
    result = analyse_final(design, [16.0], 3.4)
    assert result.median_unbiased == pytest.approx(result.naive) == pytest.approx(0.85)
    assert result.p_value == pytest.approx(ndtr(-3.4))
    assert result.conf_high - result.conf_low == pytest.approx(2 * 1.959964 / 4, abs=1e-6)


def test_the_final_interval_covers_and_the_median_is_the_median():
    design = plan_sequential([0.5, 1], Spending("Pocock"), futility=Spending("Pocock"))
    rng, trials, theta = np.random.default_rng(8), 400, 2.4
    covered = above = 0
    for _ in range(trials):
        score = rng.normal(0.5 * theta, np.sqrt(0.5))
        z, information = score / np.sqrt(0.5), [0.5]
        if design.lower[0] <= z < design.upper[0]:
            z, information = score + rng.normal(0.5 * theta, np.sqrt(0.5)), [0.5, 1.0]
        # Futility is non-binding: the analysis must ignore it and may therefore be conservative.
        result = analyse_final(design, information, z)
        covered += result.conf_low <= theta <= result.conf_high
        above += result.median_unbiased > theta
    assert abs(covered / trials - 0.95) < 4 * np.sqrt(0.95 * 0.05 / trials)
    assert abs(above / trials - 0.5) < 4 * np.sqrt(0.25 / trials)


def test_p_of_the_stagewise_ordering_is_alpha_at_the_last_boundary():
    design = plan_sequential([0.5, 1], OF)
    assert stagewise_tail(design, [0.5, 1.0], design.upper[1]) == pytest.approx(0.025)


def test_repeated_p_is_alpha_on_the_boundary():
    design = plan_sequential([0.4, 0.8, 1], Spending("KD", 1.5))
    for analysis in (1, 2, 3):
        p = repeated_p(Spending("KD", 1.5), [0.4, 0.8, 1], analysis, design.upper[analysis - 1])
        assert p == pytest.approx(0.025, rel=1e-6)


def test_repeated_p_has_limits():
    assert repeated_p(OF, [0.5, 1], 1, -3.0) == pytest.approx(0.5, abs=1e-5)
    assert repeated_p(OF, [0.5, 1], 2, 12.0) == pytest.approx(0.0, abs=1e-11)


def test_repeated_interval_by_hand():
    design = plan_sequential([0.5, 1], OF)
    low, high = repeated_interval(design, 2, [0.3, 0.0], 0.1)
    assert low == pytest.approx([0.3 - 0.19686, -0.19686], abs=1e-5)
    assert high == pytest.approx([0.3 + 0.19686, 0.19686], abs=1e-5)


def test_conditional_power_averages_to_power():
    design = plan_sequential([0.5, 1], OF)
    z, weight = np.polynomial.hermite_e.hermegauss(61)
    weight = weight / weight.sum()
    powers = [
        float(conditional_power([0.5, 1], design.upper, 1, x + 2.5 * np.sqrt(0.5), 2.5)) for x in z
    ]
    early = 1 - ndtr(design.upper[0] - 2.5 * np.sqrt(0.5))
    smooth = (weight * powers).sum()
    _, up = exit_probabilities([0.5, 1], [-np.inf, design.upper[1]], [np.inf, design.upper[1]], 2.5)
    assert smooth == pytest.approx(up.sum(), abs=1e-9)
    assert early < smooth


def test_predictive_power_lies_between_conditional_powers_and_tends_to_one_of_them():
    upper = plan_sequential([0.5, 1], OF).upper
    flat = predictive_power([0.5, 1], upper, 1, 1.5)
    trend = 1.5 / np.sqrt(0.5)
    assert flat < conditional_power([0.5, 1], upper, 1, 1.5, trend)
    sure = predictive_power([0.5, 1], upper, 1, 1.5, prior_mean=2.0, prior_information=1e9)
    assert sure == pytest.approx(conditional_power([0.5, 1], upper, 1, 1.5, 2.0), abs=1e-6)
    # Flat prior, one analysis left at twice the information: Z_2 is N(z / sqrt(t), (1 - t) / t).
    assert flat == pytest.approx(ndtr(trend - upper[1]), abs=1e-9)


def test_re_estimated_information_gives_the_power_asked_for():
    half = (np.sqrt(0.5), np.sqrt(0.5))
    z = np.array([0.5, 1.0, 2.0])
    info = information_for_power(z, 1.9686, half, 0.2, power=0.9, lowest=1, most=1e6)
    assert ndtr(0.2 * np.sqrt(info) - required_z(z, 1.9686, half)) == pytest.approx([0.9] * 3)
    assert information_for_power(9.0, 2.0, half, 0.2, power=0.9, lowest=7, most=99) == 7
    assert information_for_power(0.5, 2.0, half, -0.2, power=0.9, lowest=7, most=99) == 99


def test_combination_by_hand():
    assert inverse_normal([1.0, 2.0], [1, 1]) == pytest.approx([1.0, 3 / np.sqrt(2)])
    assert inverse_normal([1.0, 2.0], [1, 3])[1] == pytest.approx((1 + 2 * np.sqrt(3)) / 2)
    assert fisher_product([[0.5, 0.1], [0.2, 0.3]]) == pytest.approx(
        np.array([[0.5, 0.05], [0.2, 0.06]])
    )


def test_fisher_boundaries_control_alpha_in_simulation():
    boundaries, trials = fisher_boundaries(4, futility=0.4), 400_000
    p = np.random.default_rng(3).random((trials, 4))
    product, running, rejected = np.cumprod(p, 1), np.ones(trials, bool), np.zeros(trials, bool)
    for k, boundary in enumerate(boundaries):
        rejected |= running & (product[:, k] <= boundary)
        running &= ~rejected & (p[:, k] <= 0.4)
    assert rejected.mean() == pytest.approx(0.025, abs=4 * np.sqrt(0.025 * 0.975 / trials))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: plan_sequential([0.5, 0.5, 1], OF), "do not rise"),
        (lambda: plan_sequential([0, 1], OF), "do not rise from above 0"),
        (lambda: plan_sequential([0.5, 1.2], OF), "after the end"),
        (lambda: plan_sequential([0.5, 0.9], OF), "let the last analysis be at 1"),
        (lambda: plan_sequential([], OF), "list rates"),
        (lambda: plan_sequential([0.5, 1], OF, alpha=2), "alpha: 2 is not allowed"),
        (lambda: plan_sequential([0.5, 1], OF, power=0.01), "power"),
        (lambda: plan_sequential([0.5, 1], OF, sides=3), "give 1 or 2"),
        (lambda: plan_sequential([0.5, 1], OF, sides=2, futility=OF), "one side"),
        (lambda: plan_sequential([0.5, 1], OF, binding=True), "no futility boundary"),
        (
            lambda: plan_sequential([0.5, 1], WangTsiatis(0), futility=OF, binding=True),
            "needs efficacy boundaries by spending",
        ),
        (lambda: plan_sequential([0.2, 0.4, 1], HaybittlePeto(1.5)), "already spend alpha"),
        (lambda: plan_sequential([0.5, 0.50001, 1], OF), "too close to tell apart"),
        (lambda: WangTsiatis(3), "from -1 to 1"),
        (lambda: HaybittlePeto(-1), "such as 3"),
        (
            lambda: plan_sequential([0.1, 1], OF, futility=Spending("HSD", 300)),
            "spend beta later",
        ),
        (
            lambda: plan_sequential([0.5, 1], OF, futility=Spending("user", cumulative=(0.2, 0.2))),
            "spend beta later",
        ),
        (lambda: observed_boundaries(0.025, OF, [2, 1], 2), "list information in its order"),
        (lambda: Spending("OBF"), "choose one of OF, Pocock, HSD, KD, user"),
        (lambda: Spending("HSD"), "gamma"),
        (lambda: Spending("KD", -1), "rho: -1 is not allowed"),
        (lambda: Spending("OF", 3), "remove it"),
        (lambda: Spending("user"), "cumulative"),
        (lambda: Spending("user", cumulative=(0.02, 0.01)), "falls"),
        (
            lambda: plan_sequential([0.5, 1], Spending("user", cumulative=(0.01, 0.02, 0.025))),
            "3 values were given for 2 analyses",
        ),
        (
            lambda: plan_sequential([0.5, 1], Spending("user", cumulative=(0.01, 0.02))),
            "let it end at 0.025",
        ),
        (lambda: repeated_interval(plan_sequential([0.5, 1], OF), 3, 0, 1), "not an analysis"),
        (lambda: analyse_final(plan_sequential([1], OF), [1, 2], 2.0), "after the end"),
        (lambda: analyse_final(plan_sequential([1], OF), [1], np.nan), "finite statistic"),
        (lambda: analyse_final(plan_sequential([0.5, 1], OF), [2, 1], 2.0), "does not rise"),
        (lambda: observed_boundaries(0.025, WangTsiatis(0), [1], 2), "use a spending function"),
        (lambda: conditional_power([0.5, 1], [3, 2], 2, 1.0), "no analysis follows"),
        (
            lambda: information_for_power(1, 2, (1, 1), 1, power=0.9, lowest=5, most=2),
            "0 < lowest <= most",
        ),
        (lambda: inverse_normal([1, 2], [1, 0]), "a stage has none"),
        (lambda: fisher_boundaries(2, futility=0.01), "futility"),
        (lambda: plan_sequential([1], OF).sample_sizes(0), "not above 0"),
    ],
)
def test_an_impossible_design_is_refused_with_a_reason(make, message):
    with pytest.raises(InputError, match=message):
        make()
