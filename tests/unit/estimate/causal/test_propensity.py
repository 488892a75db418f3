"""C-statistic, weights, balance and matching: hand calculations."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimate.causal.balance import balance
from estimate.causal.matched_effects import matched
from estimate.causal.matched_pairs import discordant, mcnemar, paired
from estimate.causal.matching import Matches, match_nearest
from estimate.causal.propensity import PropensityScore, c_statistic, propensity
from estimate.causal.weighting import iptw, iptw_adjusted, weighted_risks, weights
from estimate.comparison.proportion import clopper_pearson_interval
from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set
from protocol.errors import InputError


def study(therapy, y, **covariates):
    return analysis_set(
        {"therapy": therapy, "y": y, **covariates},
        treatment="therapy",
        outcome="y",
        covariates={name: Numeric() for name in covariates},
    )


def scored(data, values):
    plain = propensity(data, [])
    return PropensityScore(np.asarray(values, float), plain.design, plain.fit)


#: Ten patients: two of four treated at x = 0, four of six at x = 1.
TEN = study(
    therapy=[1, 1, 0, 0, 1, 1, 1, 1, 0, 0],
    y=[1, 0, 0, 0, 1, 1, 1, 0, 1, 0],
    x=[0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
)


def test_weights_of_ten_patients_by_hand():
    score = propensity(TEN)
    assert score.score == pytest.approx([1 / 2] * 4 + [2 / 3] * 6)
    by_hand = {
        "ate": [2, 2, 2, 2, 1.5, 1.5, 1.5, 1.5, 3, 3],
        "att": [1, 1, 1, 1, 1, 1, 1, 1, 2, 2],
        "atc": [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 1, 1],
        "ato": [0.5] * 4 + [1 / 3] * 4 + [2 / 3] * 2,
        "atm": [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 1, 1],
    }
    for target, expected in by_hand.items():
        assert weights(TEN, score, target).value == pytest.approx(expected)
    stable = weights(TEN, score, stabilised=True).value
    assert stable == pytest.approx(np.array(by_hand["ate"]) * np.where(TEN.treatment, 0.6, 0.4))


def test_weighted_risks_of_ten_patients_by_hand():
    score = propensity(TEN)
    risks = weighted_risks(TEN, score, weights(TEN, score))
    # averaged over 4 patients with x = 0 and 6 with x = 1
    assert risks.treated == pytest.approx(0.4 * 1 / 2 + 0.6 * 3 / 4)
    assert risks.untreated == pytest.approx(0.4 * 0 + 0.6 * 1 / 2)


def test_the_slope_of_a_weight_is_its_derivative():
    score = propensity(TEN)
    shifted = []
    for move in (-1e-6, 1e-6):
        moved = 1 / (1 + np.exp(-(np.log(score.score / (1 - score.score)) + move)))
        shifted.append(PropensityScore(moved, score.design, score.fit))
    for target in ("ate", "att", "atc", "ato"):
        low, high = (weights(TEN, each, target).value for each in shifted)
        slope = weights(TEN, score, target).slope
        assert slope == pytest.approx((high - low) / 2e-6, rel=1e-6)


def test_effective_size_is_the_count_when_weights_are_equal():
    treated, untreated = weights(TEN, scored(TEN, [0.5] * 10)).effective_size(TEN)
    assert (treated, untreated) == (pytest.approx(6), pytest.approx(4))


def test_c_statistic_counts_pairs():
    rng = np.random.default_rng(1)
    score, arm = rng.integers(0, 5, 40), rng.integers(0, 2, 40)
    above = score[arm == 1][:, None] - score[arm == 0][None, :]
    expected = ((above > 0) + 0.5 * (above == 0)).mean()
    assert c_statistic(score, arm).c_statistic == pytest.approx(expected)


@given(st.integers(0, 1000))
def test_c_statistic_ignores_excluded_patients_and_monotone_transformations(seed):
    rng = np.random.default_rng(seed)
    score, arm = rng.normal(size=30), np.arange(30) % 2
    here = rng.random(30) < 0.8
    a = c_statistic(score, arm, here)
    b = c_statistic(np.exp(score[here]), arm[here])
    assert a.c_statistic == pytest.approx(b.c_statistic)
    assert a.std_error == pytest.approx(b.std_error)


def test_balance_of_four_patients_by_hand():
    data = study([0, 0, 1, 1], [0, 1, 0, 1], age_years=[30, 34, 33, 37], smoker=[0, 1, 1, 1])
    answer = balance(data)
    assert answer.names == ("age_years", "smoker")
    assert answer.difference == pytest.approx([3 / np.sqrt(8), 0.5 / np.sqrt(0.125)])
    assert answer.variance_ratio == pytest.approx([1, np.nan], nan_ok=True)
    assert answer.distance == pytest.approx([0.5, 0.5])


def test_weighting_changes_the_difference_but_not_the_standardising_sd():
    data = study([0, 0, 1, 1], [0, 1, 0, 1], age_years=[30, 34, 30, 34])
    skewed = balance(data, np.array([1.0, 1, 3, 1]))
    assert skewed.difference == pytest.approx([-1 / np.sqrt(8)])


def test_matching_by_hand():
    data = study([0, 1, 1, 0, 1], [0, 1, 0, 1, 0])
    score = scored(data, [0.30, 0.33, 0.52, 0.50, 0.90])
    matches = match_nearest(data, score, "untreated")
    assert matches.pair.tolist() == [0, 0, 1, 1, -1]
    assert matches.dropped == 0
    assert "untreated" in matches.population


def test_matching_depends_on_the_order():
    data = study([0, 0, 1, 1], [0, 1, 0, 1])
    score = scored(data, [0.40, 0.50, 0.48, 0.90])
    first = match_nearest(data, score, "untreated", order="smallest").pair
    last = match_nearest(data, score, "untreated", order="largest").pair
    assert first.tolist() == [0, 1, 0, 1]
    assert last.tolist() == [0, 1, 1, 0]


def test_a_caliper_leaves_patients_without_partner():
    data = study([0, 0, 1, 1], [0, 1, 0, 1])
    score = scored(data, [0.40, 0.50, 0.41, 0.90])
    matches = match_nearest(data, score, "untreated", caliper=0.2)
    assert matches.pair.tolist() == [0, -1, 0, -1]
    assert matches.dropped == 1


def test_partners_agree_on_the_exact_covariate():
    data = analysis_set(
        {"therapy": [0, 0, 1, 1], "y": [0, 1, 0, 1], "dx": ["a", "b", "b", "a"]},
        treatment="therapy",
        outcome="y",
        covariates={"dx": Categorical(("a", "b"))},
    )
    score = scored(data, [0.3, 0.6, 0.3, 0.6])
    assert match_nearest(data, score, "untreated", exact="dx").pair.tolist() == [0, 1, 1, 0]


@given(st.integers(0, 500), st.sampled_from(["smallest", "largest", "data", "closest"]))
def test_matching_uses_every_patient_once_and_only_across_arms(seed, order):
    rng = np.random.default_rng(seed)
    therapy = np.r_[np.ones(25), np.zeros(15)]
    data = study(therapy, np.arange(40) % 2)
    matches = match_nearest(data, scored(data, rng.uniform(0.1, 0.9, 40)), "untreated", order=order)
    assert matches.pair.max() == 14
    for number in range(15):
        assert sorted(therapy[matches.pair == number]) == [0, 1]


@given(
    st.integers(0, 2000),
    st.sampled_from(["smallest", "largest", "data"]),
    st.sampled_from([None, 0.1, 1.0]),
)
def test_nearest_equals_the_slow_definition(seed, order, caliper):
    rng = np.random.default_rng(seed)
    therapy, e = np.r_[np.ones(20), np.zeros(14)], rng.integers(1, 12, 34) / 16
    data = study(therapy, np.arange(34) % 2)
    matches = match_nearest(data, scored(data, e), "untreated", order=order, caliper=caliper)
    width = np.inf if caliper is None else caliper * e.std(ddof=1)
    sign = {"smallest": 1, "largest": -1, "data": 0}[order]
    free, found = list(range(20)), {}
    for patient in sorted(range(20, 34), key=lambda i: (sign * e[i], i)):
        if free:
            best = min(free, key=lambda j: (abs(e[j] - e[patient]), j))
            if abs(e[best] - e[patient]) <= width:
                found[patient] = best
                free.remove(best)
    happy = [patient for patient in range(20, 34) if patient in found]
    expected = np.full(34, -1)
    for number, patient in enumerate(happy):
        expected[[patient, found[patient]]] = number
    assert matches.pair.tolist() == expected.tolist()
    assert matches.dropped == 14 - len(happy)


def test_a_hundred_thousand_patients_are_matched_in_seconds():
    rng = np.random.default_rng(1)
    therapy = (np.arange(100_000) % 3 > 0).astype(float)
    data = study(therapy, np.arange(100_000) % 2)
    score = scored(data, rng.uniform(0.2, 0.8, 100_000))
    begin = time.process_time()
    matches = match_nearest(data, score, "untreated")
    assert time.process_time() - begin < 5
    assert matches.pair.max() == np.count_nonzero(therapy == 0) - 1
    with pytest.raises(InputError, match="closest compares"):
        match_nearest(data, score, "untreated", order="closest")


@given(st.integers(0, 300))
def test_closest_equals_the_slow_definition(seed):
    rng = np.random.default_rng(seed)
    therapy, e = np.r_[np.ones(9), np.zeros(7)], rng.uniform(0.1, 0.9, 16)
    data = study(therapy, np.arange(16) % 2)
    found = match_nearest(data, scored(data, e), "treated", order="closest").pair
    gaps = {(i, j): abs(e[i] - e[j]) for i in range(9) for j in range(9, 16)}
    while gaps:
        i, j = min(gaps, key=gaps.__getitem__)
        assert found[i] == found[j] >= 0
        gaps = {(a, b): gap for (a, b), gap in gaps.items() if a != i and b != j}


def test_the_larger_arm_is_not_matched_by_default():
    data = study([1, 1, 1, 0, 0], [1, 0, 1, 0, 1])
    with pytest.raises(InputError, match="3 treated patients for 2 untreated"):
        match_nearest(data, scored(data, [0.5] * 5), "treated")


def test_a_batch_is_matched_study_by_study():
    rng = np.random.default_rng(5)
    therapy = np.tile(np.arange(60) % 3 > 0, (4, 1)).astype(float)
    x = rng.normal(size=therapy.shape) + therapy
    data = study(therapy, rng.integers(0, 2, therapy.shape), x=x)
    batch = match_nearest(data, propensity(data), "untreated")
    for i in range(4):
        alone = match_nearest(data[i], propensity(data[i]), "untreated")
        assert np.array_equal(batch.pair[i], alone.pair)
        ours, theirs = matched(data, batch)[i], matched(data[i], alone)
        assert ours.records() == theirs.records()


def test_a_separated_propensity_model_is_a_result_not_a_crash():
    x = np.linspace(-1, 1, 20)
    data = study([x > 0, np.arange(20) % 2], [np.arange(20) % 2, x > 0.3], x=[x, x])
    score = propensity(data)
    assert score.fit.converged.tolist() == [False, True]
    w = weights(data, score, truncate=(0.01, 0.99))
    assert all(each.converged.tolist() == [False, True] for each in iptw(data, score, w))


def test_pairs_by_hand():
    """Five of seven pairs are discordant; the treated patient has the outcome in four of them."""
    treated, untreated = [1, 1, 1, 1, 0, 1, 0], [0, 0, 0, 0, 1, 1, 0]
    data = study([1] * 7 + [0] * 7, treated + untreated)
    matches = Matches(np.tile(np.arange(7), 2), "treated", np.array(0), np.ones(14))
    assert discordant(data, matches) == (4, 1)
    answer = paired(data, matches)
    assert answer.estimate == pytest.approx(4)
    assert answer.std_error == pytest.approx(np.sqrt(1 / 4 + 1 / 1))
    assert answer.p_value == pytest.approx(2 * (5 + 1) / 2**5)
    assert mcnemar(data, matches).statistic == pytest.approx((4 - 1 - 1) ** 2 / 5)
    low, high = clopper_pearson_interval(4, 5)
    assert answer.conf_low == pytest.approx(low / (1 - low))
    assert answer.conf_high == pytest.approx(high / (1 - high))


def test_concordant_pairs_are_uninformative():
    data = study([1, 1, 0, 0], [1, 0, 1, 0])
    matches = Matches(np.array([0, 1, 0, 1]), "treated", np.array(0), np.ones(4))
    assert not paired(data, matches).converged
    assert np.isnan(mcnemar(data, matches, exact=True).p_value)
    alone = Matches(np.array([-1, -1, -1, -1]), "treated", np.array(2), np.zeros(4))
    assert not paired(data, alone).converged


def test_residuals_enlarged_by_leverage_by_hand():
    """Divide the treatment and outcome residuals of each patient by 1 - leverage."""
    score = propensity(TEN)
    w = weights(TEN, score)
    X, e, bread = score.design.X, score.score, score.fit.cov
    influence = np.zeros((2, 10))
    for place, arm in enumerate((TEN.treatment == 1, TEN.treatment == 0)):
        own = np.where(arm, w.value, 0.0)
        share = own / own.sum()
        residual = TEN.outcome - share @ TEN.outcome
        gradient = (np.where(arm, w.slope * residual, 0) / own.sum()) @ X
        for i in range(10):
            h = e[i] * (1 - e[i]) * X[i] @ bread @ X[i]
            phi = bread @ X[i] * (TEN.treatment[i] - e[i]) / (1 - h)
            influence[place, i] = share[i] * residual[i] / (1 - share[i]) + phi @ gradient
    ours = weighted_risks(TEN, score, w, errors="M-estimation HC3")
    assert ours.cov == pytest.approx(influence @ influence.T, rel=1e-6)


@pytest.mark.parametrize("errors", ["naive", "HC0", "HC3", "M-estimation"])
def test_an_infinite_weight_is_a_result_without_numbers(errors):
    certain = scored(TEN, [0.5, 0.5, 1.0, 0.5, *[0.6] * 6])
    w = weights(TEN, certain)
    assert np.isnan(w.value[2])
    assert not any(each.converged for each in iptw(TEN, certain, w, errors=errors))
    assert not iptw_adjusted(TEN, certain, w, []).converged
    assert not iptw_adjusted(TEN, certain, w, [], errors=errors).converged
    finite = weights(TEN, certain, "ato")
    assert all(each.converged for each in iptw(TEN, certain, finite, errors=errors))


def test_an_infinite_weight_does_not_affect_other_studies():
    data = study(therapy=[[1, 1, 0, 0]] * 2, y=[[1, 0, 0, 1]] * 2)
    score = scored(data, [[0.5, 0.5, 1.0, 0.5], [0.5] * 4])
    answers = iptw(data, score, weights(data, score), errors="HC0")
    assert all(each.converged.tolist() == [False, True] for each in answers)
