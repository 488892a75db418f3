"""Comparison of two arms: hand calculations, boundary cases and general properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri, stdtrit

from estimate.causal.randomised_g_computation import g_computation_by_arm, randomised
from estimate.comparison.proportion import clopper_pearson_interval, wilson_interval
from estimate.comparison.risk_difference import (
    compare_arms,
    newcombe_interval,
    score_interval,
    score_z,
)
from estimate.comparison.stratified import (
    StratumCounts,
    cochran_mantel_haenszel,
    count_strata,
    count_within,
    joint_strata,
    mantel_haenszel,
)
from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.core.estimand import Estimand
from estimate.regression.logistic import fit_logistic
from protocol.errors import InputError

QUESTION = Estimand("randomised patients", "therapy 1 vs 0", "sperm_in_ejaculate", "")
MEASURES = ("risk difference", "risk ratio", "odds ratio")


@st.composite
def tables(draw):
    n1, n2 = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    return draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2


@given(tables(), st.sampled_from(MEASURES))
def test_the_limits_invert_the_score_test(table, measure):
    limits = score_interval(*table, measure=measure)
    for limit, z in zip(limits, (1.959964, -1.959964), strict=True):
        edge = limit in (0.0, np.inf) if measure != "risk difference" else abs(limit) > 1 - 1e-9
        if not edge:
            at = score_z(*table, null=limit, measure=measure, variance="Miettinen-Nurminen")
            assert at == pytest.approx(z, abs=1e-4)


@given(tables())
def test_exchanging_arms_mirrors_all(table):
    x1, n1, x2, n2 = table
    back = (x2, n2, x1, n1)
    assert score_z(*table) == pytest.approx(-score_z(*back), abs=1e-9)
    low, high = score_interval(*table)
    assert score_interval(*back) == (pytest.approx(-high, abs=1e-9), pytest.approx(-low, abs=1e-9))
    low, high = newcombe_interval(*table)
    assert newcombe_interval(*back) == (pytest.approx(-high), pytest.approx(-low))


@given(tables())
def test_exchanging_success_and_failure_mirrors_the_difference(table):
    x1, n1, x2, n2 = table
    low, high = score_interval(n1 - x1, n1, n2 - x2, n2)
    assert score_interval(*table) == (pytest.approx(-high, abs=1e-9), pytest.approx(-low, abs=1e-9))


@given(tables(), st.sampled_from(MEASURES))
def test_the_estimate_lies_in_its_interval(table, measure):
    answer = compare_arms(*table, QUESTION, measure=measure)
    if answer.converged:
        assert answer.conf_low - 1e-9 <= answer.estimate <= answer.conf_high + 1e-9
    assert answer.scale == measure
    assert answer.test == "score"


def test_a_batch_equals_single_calls_and_an_empty_arm_does_not_converge():
    counts = np.array([[5, 10, 3, 12], [0, 9, 0, 8], [4, 4, 0, 5], [0, 0, 3, 6]]).T
    for measure in MEASURES:
        batch = compare_arms(*counts, QUESTION, measure=measure)
        for i in range(4):
            alone = compare_arms(*counts[:, i], QUESTION, measure=measure)
            for name in ("estimate", "p_value", "conf_low", "conf_high", "converged"):
                assert np.allclose(getattr(batch, name)[i], getattr(alone, name), equal_nan=True)
        assert not batch.converged[3]
    assert compare_arms(*counts, QUESTION).converged[:3].all()


def test_no_events_give_no_evidence():
    assert score_z(0, 10, 0, 10) == 0
    assert score_z(10, 10, 10, 10) == 0
    assert score_interval(0, 10, 5, 10, measure="risk ratio")[0] == 0
    assert score_interval(5, 10, 0, 10, measure="odds ratio")[1] == np.inf
    for events in (0, 4):  # the odds ratio is not estimable
        assert score_interval(events, 4, events, 4, measure="odds ratio") == (0, np.inf)


def test_score_interval_covers_better_than_wald():
    p1, p2, n = 0.15, 0.05, 30
    rng = np.random.default_rng(7)
    x1, x2 = rng.binomial(n, p1, 20_000), rng.binomial(n, p2, 20_000)
    answer = compare_arms(x1, n, x2, n, QUESTION)
    score = ((answer.conf_low <= p1 - p2) & (p1 - p2 <= answer.conf_high)).mean()
    half = 1.96 * answer.std_error
    wald = (np.abs(answer.estimate - (p1 - p2)) <= half).mean()
    assert abs(score - 0.95) < 0.01
    assert wald < score


def test_proportion_limits_at_the_ends():
    for interval in (wilson_interval, clopper_pearson_interval):
        low, high = interval([0, 10], 10)
        assert low[0] == 0
        assert high[1] == 1
        assert 0 < high[0] < 1
        assert 0 < low[1] < 1
    assert wilson_interval(0, 10)[1] == pytest.approx(0.2775, abs=1e-4)
    # The rule of three, exactly: 1 - 0.025^(1/n)
    assert clopper_pearson_interval(0, 73)[1] == pytest.approx(1 - 0.025 ** (1 / 73))


def test_one_stratum_is_the_plain_table():
    counts = StratumCounts.of([55], [100], [40], [100])
    difference, ratio, odds = mantel_haenszel(counts, QUESTION)
    assert difference.estimate == pytest.approx(0.15)
    assert ratio.estimate == pytest.approx(55 / 40)
    assert odds.estimate == pytest.approx(55 * 60 / (45 * 40))
    assert odds.std_error == pytest.approx(np.sqrt(1 / 55 + 1 / 45 + 1 / 40 + 1 / 60))
    assert ratio.std_error == pytest.approx(np.sqrt(1 / 55 - 1 / 100 + 1 / 40 - 1 / 100))
    chi2, _ = cochran_mantel_haenszel(counts)
    assert chi2 == pytest.approx(score_z(55, 100, 40, 100) ** 2 * 199 / 200)


def test_a_stratum_with_one_arm_is_uninformative():
    with_empty = StratumCounts.of([20, 5, 0], [30, 5, 0], [15, 0, 3], [40, 0, 9])
    alone = StratumCounts.of([20], [30], [15], [40])
    assert cochran_mantel_haenszel(with_empty)[0] == pytest.approx(
        cochran_mantel_haenszel(alone)[0]
    )
    for ours, theirs in zip(
        mantel_haenszel(with_empty, QUESTION), mantel_haenszel(alone, QUESTION), strict=True
    ):
        assert ours.estimate == pytest.approx(theirs.estimate)
        assert ours.std_error == pytest.approx(theirs.std_error)


def test_strata_without_patients_do_not_converge():
    nothing = StratumCounts.of([0, 0], [0, 0], [0, 1], [0, 4])
    assert not any(answer.converged for answer in mantel_haenszel(nothing, QUESTION))
    assert np.isnan(cochran_mantel_haenszel(nothing)[0])


def test_counting_patients_by_stratum():
    counts = count_strata(
        [[1, 0, 1, np.nan], [0, 0, 1, 1]], [[1, 0, 1, 0], [1, 1, 0, 0]], [0, 0, 1, 1], 2
    )
    assert counts.x1.tolist() == [[1, 1], [0, 0]]
    assert counts.n1.tolist() == [[1, 1], [2, 0]]
    assert counts.x2.tolist() == [[0, 0], [0, 2]]
    assert counts.n2.tolist() == [[1, 0], [0, 2]]


def test_sizes_at_the_null_and_coverage_of_the_common_difference():
    rng, trials, strata = np.random.default_rng(12), 20_000, 4
    base = np.array([0.1, 0.2, 0.3, 0.5])
    n = np.array([20, 25, 15, 30])
    x1, x2 = rng.binomial(n, base, (trials, strata)), rng.binomial(n, base, (trials, strata))
    counts = StratumCounts.of(x1, n, x2, n)
    mcse = np.sqrt(0.05 * 0.95 / trials)
    assert abs((cochran_mantel_haenszel(counts)[1] < 0.05).mean() - 0.05) < 4 * mcse
    difference = mantel_haenszel(counts, QUESTION)[0]
    covered = ((difference.conf_low <= 0) & (difference.conf_high >= 0)).mean()
    assert covered == pytest.approx(0.95, abs=0.01)
    assert difference.std_error.mean() == pytest.approx(difference.estimate.std(), rel=0.03)


def effect(risks):
    return risks.compare(QUESTION, "trial", "Wald, Ye")[0]


def drawn_trials(trials, patients, effect, seed):
    rng = np.random.default_rng(seed)
    arm = np.tile(np.arange(patients) % 2, (trials, 1))
    x = rng.normal(size=(trials, patients))
    risk = 1 / (1 + np.exp(-(-0.5 + effect * arm + 1.5 * x)))
    return (rng.random((trials, patients)) < risk).astype(float), arm, x[..., None]


def test_standardisation_without_covariate_gain_is_the_plain_difference():
    y, arm = np.array([1, 0, 1, 1, 0, 0, 1, 0.0]), np.array([1, 0, 1, 0, 1, 0, 1, 0])
    risks = g_computation_by_arm(y, arm, np.zeros((8, 0)))
    assert (risks.untreated, risks.treated) == pytest.approx((0.25, 0.75))
    # Variance of Ye et al. without covariates: sample variance / number of patients, per arm.
    assert risks.cov[0, 0] == pytest.approx(np.var(y[arm == 1], ddof=1) / 4)
    assert risks.cov[0, 1] == pytest.approx(0.0)


def test_standardisation_in_batch_with_patients_excluded():
    y, arm, x = drawn_trials(3, 80, 0.8, 1)
    include = np.ones((3, 80), bool)
    include[1, 60:] = False
    stratum = np.tile(np.arange(80) % 5, (3, 1))
    together = g_computation_by_arm(y, arm, x, include=include, stratum=stratum)
    alone = g_computation_by_arm(y[1, :60], arm[1, :60], x[1, :60], stratum=stratum[1, :60])
    assert together.treated[1] == pytest.approx(alone.treated)
    assert together.untreated[1] == pytest.approx(alone.untreated)
    assert together.cov[1] == pytest.approx(alone.cov)
    assert together.n.tolist() == [80, 60, 80]


def test_an_empty_arm_does_not_converge():
    y, arm, x = drawn_trials(2, 40, 0.5, 3)
    arm[0] = 0
    risks = g_computation_by_arm(y, arm, x)
    assert risks.converged.tolist() == [False, True]
    assert np.isnan(effect(risks).estimate[0])


def test_a_site_without_events_leaves_marginal_risks_estimable():
    y, arm, x = drawn_trials(1, 200, 0.5, 3)
    site = (np.arange(200) // 2) % 5
    y[0, site == 3] = 0
    dummies = (site[:, None] == np.arange(1, 5)).astype(float)
    covariates = np.concatenate([x[0], dummies], -1)
    risks = g_computation_by_arm(y[0], arm[0], covariates)
    design = np.column_stack([np.ones(200), arm[0], covariates])
    assert fit_logistic(design, y[0]).separated
    assert risks.converged
    # In the limit, patients of this site have risk 0 and do not affect the other coefficients.
    others, columns = site != 3, [0, 1, 2, 4]
    kept = g_computation_by_arm(y[0, others], arm[0, others], covariates[others][:, columns])
    assert risks.treated == pytest.approx(kept.treated * 160 / 200, abs=1e-6)
    assert risks.untreated == pytest.approx(kept.untreated * 160 / 200, abs=1e-6)


def test_the_small_sample_correction_is_that_of_scaled_residuals_and_a_t_quantile():
    rng = np.random.default_rng(4)
    arm, none = np.arange(50) % 2, np.zeros((50, 0))
    y = (rng.random(50) < 0.4).astype(float)
    plain, corrected = (g_computation_by_arm(y, arm, none, small_sample=s) for s in (False, True))
    # Without covariates every leverage is 1 / 25; residuals are deviations from the arm mean.
    factor = (stdtrit(48, 0.975) / ndtri(0.975)) ** 2 / (1 - 1 / 25) ** 2
    assert np.diagonal(corrected.cov) == pytest.approx(np.diagonal(plain.cov) * factor)


def test_adjustment_estimates_the_effect_and_its_error_and_gains_power():
    y, arm, x = drawn_trials(4000, 200, 0.0, 5)
    difference = effect(g_computation_by_arm(y, arm, x))
    rate = (difference.p_value < 0.05).mean()
    assert abs(rate - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 4000) + 0.005
    assert difference.std_error.mean() == pytest.approx(difference.estimate.std(), rel=0.05)
    plain = (y * arm).sum(1) / 100 - (y * (1 - arm)).sum(1) / 100
    assert difference.estimate.std() < 0.9 * plain.std()


def test_balance_within_strata_is_credited_when_the_model_leaves_them_out():
    y, arm, x = drawn_trials(1, 400, 0.5, 6)
    stratum = (x[..., 0] > 0).astype(int)
    bare = np.zeros((1, 400, 0))
    plain = effect(g_computation_by_arm(y, arm, bare))
    credited = effect(g_computation_by_arm(y, arm, bare, stratum=stratum))
    assert credited.std_error < 0.95 * plain.std_error


def trial_data(seed):
    y, arm, x = drawn_trials(3, 120, 0.6, seed)
    site = np.tile(np.arange(120) // 2 % 3, (3, 1))
    columns = {"y": y, "therapy": arm, "x": x[..., 0], "site": site}
    covariates = {"x": Numeric(), "site": Categorical(("a", "b", "c"))}
    return analysis_set(columns, treatment="therapy", outcome="y", covariates=covariates), columns


def test_an_analysis_set_gives_what_arrays_give():
    data, columns = trial_data(8)
    dummies = (columns["site"][..., None] == np.arange(1, 3)).astype(float)
    covariates = np.concatenate([columns["x"][..., None], dummies], -1)
    ours = randomised(data, small_sample=True)
    arrays = g_computation_by_arm(columns["y"], columns["therapy"], covariates, small_sample=True)
    theirs = arrays.compare(QUESTION, "trial", "Wald, Ye")
    for one, other in zip(ours, theirs, strict=True):
        assert one.estimate == pytest.approx(other.estimate)
        assert one.std_error == pytest.approx(other.std_error)
    assert ours[0].method == "g-computation-randomised"
    with_strata = randomised(data, ["x"], strata=["site"])[0]
    plain = g_computation_by_arm(
        columns["y"], columns["therapy"], columns["x"][..., None], stratum=columns["site"]
    )
    assert with_strata.std_error == pytest.approx(effect(plain).std_error)


def test_recoding_the_arms_of_a_trial_inverts_its_effects():
    data, columns = trial_data(9)
    swapped = {**columns, "therapy": 1 - columns["therapy"]}
    back = analysis_set(swapped, treatment="therapy", outcome="y", covariates=data.kinds)
    difference, ratio, odds = randomised(data, strata=["site"])
    other = randomised(back, strata=["site"])
    assert difference.estimate == pytest.approx(-other[0].estimate)
    assert ratio.estimate == pytest.approx(1 / other[1].estimate)
    assert odds.std_error == pytest.approx(other[2].std_error)


def test_strata_of_an_analysis_set_are_counted_in_combination():
    data, columns = trial_data(10)
    data = data.keep(columns["x"] > -1, "x too low")
    joint, count = joint_strata(data, ["site"])
    assert count == 3
    assert (joint == columns["site"] * data.include).all()
    ours = count_within(data, ["site"])
    y = np.where(columns["x"] > -1, columns["y"], np.nan)
    theirs = count_strata(y, columns["therapy"], columns["site"], 3)
    assert (ours.x1 == theirs.x1).all()
    assert (ours.n2 == theirs.n2).all()
    assert ours.patients.sum() == data.n.sum()


def test_risks_of_0_and_1_have_a_difference_but_no_ratio():
    arm = np.arange(40) % 2
    risks = g_computation_by_arm(arm, arm, np.random.default_rng(1).normal(size=(40, 1)))
    difference, ratio, odds = risks.compare(QUESTION, "trial", "Wald, Ye")
    assert (risks.treated, risks.untreated) == (1.0, 0.0)
    assert difference.estimate == 1.0
    assert not ratio.converged
    assert not odds.converged


def test_strata_are_categories():
    with pytest.raises(InputError, match="declare its categories"):
        randomised(trial_data(9)[0], strata=["x"])


@pytest.mark.parametrize(
    "make",
    [
        lambda: score_z(5, 4, 1, 4),
        lambda: score_z(1, 4, 5, 4),
        lambda: score_z(1, 0, 1, 4),
        lambda: wilson_interval(5, 4),
        lambda: StratumCounts.of([5], [4], [1], [4]),
        lambda: count_strata([1, 0], [0, 1], [0, 3], 2),
        lambda: g_computation_by_arm(np.ones(4), np.ones(4), np.ones((3, 1))),
    ],
)
def test_impossible_counts_of_two_arms_are_refused(make):
    with pytest.raises(InputError):
        make()


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [
        ((6, 12, 1, 1), 0, 3.2190262),
        ((591, 1223, 1939, 1939), 0, 0.0013050),
        ((6, 12, 0, 1), 1 / 3.2190262, np.inf),
        ((2077, 2080, 0, 1), None, np.inf),
        ((12, 12, 3, 7), None, np.inf),
        ((0, 40, 90, 300), 0, None),
    ],
)
def test_a_full_or_an_empty_arm_bounds_the_odds_ratio_on_one_side(table, low, high):
    found = score_interval(*table, measure="odds ratio", variance="Farrington-Manning", z=1.6449)
    for ours, wanted, z in zip(found, (low, high), (1.6449, -1.6449), strict=True):
        if wanted is None or 0 < wanted < np.inf:
            assert score_z(*table, null=ours, measure="odds ratio") == pytest.approx(z, abs=1e-6)
        if wanted is not None:
            assert ours == pytest.approx(wanted, rel=1e-4)


def test_odds_ratio_limits_of_full_arms_are_those_of_exchanged_arms_and_outcomes():
    rng = np.random.default_rng(7)
    n1, n2 = rng.integers(1, 400, (2, 2000))
    x1, x2 = rng.binomial(n1, 0.3), np.where(rng.random(2000) < 0.5, n2, 0)
    low, high = score_interval(x1, n1, x2, n2, measure="odds ratio")
    back_low, back_high = score_interval(x2, n2, x1, n1, measure="odds ratio")
    other_low, other_high = score_interval(n1 - x1, n1, n2 - x2, n2, measure="odds ratio")
    with np.errstate(divide="ignore"):
        for ours, theirs in ((low, 1 / back_high), (high, 1 / back_low),
                             (low, 1 / other_high), (high, 1 / other_low)):  # fmt: skip
            assert ours == pytest.approx(theirs, rel=1e-9)
    assert (low[x2 == n2] == 0).all()
    assert np.isinf(high[x2 == 0]).all()
