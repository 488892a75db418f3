"""Contract tests that every estimator of a treatment effect must pass."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from scipy.special import expit

from estimate.causal.entropy_balancing import entropy_balanced, entropy_weights
from estimate.causal.marginal import aipw, g_computation, tmle
from estimate.causal.matched_effects import matched_effects
from estimate.causal.matched_pairs import paired
from estimate.causal.matching import match_nearest
from estimate.causal.propensity import propensity
from estimate.causal.randomisation_test import TEST
from estimate.causal.randomised_g_computation import randomised
from estimate.causal.weighting import iptw, iptw_adjusted, weights
from estimate.comparison.contingency import unadjusted
from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.core.result import RATIOS
from estimate.imputation.chain import Column, impute
from estimate.imputation.rubins_rules import pool_estimates
from estimate.regression.adjustment import adjusted
from estimate.regression.firth import firth
from estimate.regression.poisson import modified_poisson

KINDS = {"x": Numeric(), "z": Numeric(), "dx": Categorical(("a", "b", "c"))}
EFFECT = np.log(1.6)


@dataclass(frozen=True)
class Case:
    """An estimator and its expected properties."""

    run: object
    method: str
    target: str = "ate"
    conditional: bool = False
    confounded: bool = False
    #: the equivalent estimator after the arms are exchanged
    swapped: str | None = None
    #: type I error: "exact", "conservative", "wrong" (tested below), or "trap" (biased by design)
    size: str = "exact"
    #: whether duplicating every patient keeps the estimate; matching could pair the duplicates
    doubles: bool = True
    #: whether it converges when treatment and outcome are identical
    survives: bool = False


def weighted(target, **options):
    errors = options.pop("errors", "M-estimation")

    def run(data):
        score = propensity(data)
        return iptw(data, score, weights(data, score, target, **options), errors=errors)

    return run


def published(data):
    score = propensity(data)
    return (iptw_adjusted(data, score, weights(data, score, stabilised=True)),)


def conditional_weighted(data):
    score = propensity(data)
    w = weights(data, score, stabilised=True)
    return (iptw_adjusted(data, score, w, errors="M-estimation"),)


def within_pairs(data):
    score = propensity(data)
    matches = match_nearest(data, score, "untreated", accept_shortage=True, on="logit")
    return (paired(data, matches),)


def pairs(focal):
    def run(data):
        score = propensity(data)
        matches = match_nearest(data, score, focal, accept_shortage=True, on="logit")
        return matched_effects(data, matches)

    return run


def overlap_adjusted(data):
    score = propensity(data)
    return (iptw_adjusted(data, score, weights(data, score, "ato"), errors="M-estimation"),)


def balanced(target):
    return lambda data: entropy_balanced(data, entropy_weights(data, target))


CASES = {
    "unadjusted": Case(unadjusted, "unadjusted", confounded=True),
    "adjusted": Case(lambda d: (adjusted(d),), "adjusted", conditional=True),
    # The penalty has less influence when every patient is duplicated. It keeps estimates finite
    # under separation.
    "firth": Case(lambda d: (firth(d),), "firth", conditional=True, doubles=False, survives=True),
    # The risk ratio is collapsible: without confounding, conditional and marginal ratios are equal.
    "modified Poisson": Case(
        lambda d: (modified_poisson(d),), "modified-poisson", conditional=True, confounded=True
    ),
    "randomised": Case(randomised, "g-computation-randomised", confounded=True),
    "score as covariate": Case(
        lambda d: (adjusted(d, [], score=propensity(d).score, method="ps-covariate-alone"),),
        "ps-covariate-alone",
        conditional=True,
    ),
    "score beside covariates": Case(
        lambda d: (adjusted(d, score=propensity(d).score, method="ps-covariate"),),
        "ps-covariate",
        conditional=True,
    ),
    "iptw-ate": Case(weighted("ate"), "iptw-ate"),
    "iptw-ate HC0": Case(weighted("ate", errors="HC0"), "iptw-ate", size="conservative"),
    "iptw-ate naive": Case(weighted("ate", errors="naive"), "iptw-ate", size="wrong"),
    "iptw-ate M-estimation HC3": Case(
        weighted("ate", errors="M-estimation HC3"), "iptw-ate", doubles=False
    ),
    "iptw-ate stabilised": Case(weighted("ate", stabilised=True), "iptw-ate"),
    "iptw-att": Case(weighted("att"), "iptw-att", "att", swapped="iptw-atc"),
    "iptw-atc": Case(weighted("atc"), "iptw-atc", "atc", swapped="iptw-att"),
    "iptw-ato": Case(weighted("ato"), "iptw-ato", "ato"),
    "iptw-atm": Case(weighted("atm"), "iptw-atm", "atm"),
    "iptw and covariates": Case(conditional_weighted, "iptw-ate-adjusted", conditional=True),
    "overlap and covariates": Case(overlap_adjusted, "iptw-ato-adjusted", "ato", conditional=True),
    "entropy": Case(balanced("ate"), "entropy-ate"),
    "entropy att": Case(balanced("att"), "entropy-att", "att", swapped="entropy atc"),
    "entropy atc": Case(balanced("atc"), "entropy-atc", "atc", swapped="entropy att"),
    "published iptw": Case(published, "iptw-ate-adjusted", conditional=True, size="wrong"),
    "matching": Case(
        pairs("untreated"), "matching", "atc", swapped="matching treated", doubles=False
    ),
    "matching treated": Case(
        pairs("treated"), "matching", "att", swapped="matching", doubles=False, size="trap"
    ),
    # The exact test is conservative; the conditional ratio is further from 1 than the marginal one.
    "matching, conditional": Case(
        within_pairs,
        "matching-conditional",
        "atc",
        conditional=True,
        doubles=False,
        size="conservative",
        swapped="matching, conditional treated",
    ),
    "matching, conditional treated": Case(
        lambda d: (
            paired(d, match_nearest(d, propensity(d), "treated", accept_shortage=True, on="logit")),
        ),
        "matching-conditional",
        "att",
        conditional=True,
        doubles=False,
        size="trap",
        swapped="matching, conditional",
    ),
    "g-computation": Case(g_computation, "g-computation"),
    "g-computation att": Case(
        lambda d: g_computation(d, target="att"),
        "g-computation-att",
        "att",
        swapped="g-computation atc",
    ),
    "g-computation atc": Case(
        lambda d: g_computation(d, target="atc"),
        "g-computation-atc",
        "atc",
        swapped="g-computation att",
    ),
    "g-computation by x": Case(lambda d: g_computation(d, interactions=["x"]), "g-computation"),
    "aipw": Case(lambda d: aipw(d, propensity(d)), "aipw"),
    "tmle": Case(lambda d: tmle(d, propensity(d)), "tmle"),
}


def cases(condition):
    chosen = {name: case for name, case in CASES.items() if condition(case)}
    return pytest.mark.parametrize("case", chosen.values(), ids=chosen)


every_case = cases(lambda case: True)


def draw(seed, *lead, n=240, effect=EFFECT, confounding=1.0):
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, *lead, n))
    dx = rng.choice(3, (*lead, n), p=[0.6, 0.25, 0.15])
    chance = expit(0.8 + confounding * (0.5 * x - 0.3 * z + 0.4 * (dx == 1)))
    therapy = rng.random(chance.shape) < chance
    risk = [expit(-1 + effect * a + 0.6 * x + 0.3 * z + 0.5 * (dx == 2)) for a in (0, 1)]
    y = rng.random(chance.shape) < np.where(therapy, risk[1], risk[0])
    return {"therapy": therapy, "y": y, "x": x, "z": z, "dx": dx}, chance, risk


def study(columns, **options):
    return analysis_set(columns, treatment="therapy", outcome="y", covariates=KINDS, **options)


@cache
def one_study():
    return study(draw(1)[0])


@cache
def many_studies():
    return study(draw(2, 12)[0])


def on_line(answer):
    """Return the estimate and its limits on the scale with symmetric errors (log for ratios)."""
    f = np.log if answer.scale in RATIOS else np.asarray
    return f(answer.estimate), f(answer.conf_low), f(answer.conf_high)


def rows(columns, order):
    return {name: column[..., order] for name, column in columns.items()}


def assert_same(ours, theirs, **tolerance):
    for a, b in zip(ours, theirs, strict=True):
        for field in ("estimate", "std_error", "p_value", "conf_low", "conf_high"):
            expected = getattr(b, field)
            assert getattr(a, field) == pytest.approx(expected, nan_ok=True, **tolerance), field


@every_case
def test_the_result_is_labelled(case):
    for answer in case.run(one_study()):
        assert answer.method == case.method
        assert answer.converged
        assert answer.interval
        assert str(answer.estimand).endswith(answer.estimand.population)
        assert answer.scale in answer.estimand.summary
        assert ("given" in answer.estimand.summary) == case.conditional


def test_estimators_of_different_populations_do_not_share_a_label():
    populations = {case.target: set() for case in CASES.values()}
    for case in CASES.values():
        populations[case.target] |= {each.estimand.population for each in case.run(one_study())}
    for one, names in populations.items():
        assert all(names.isdisjoint(populations[other]) for other in populations if other != one)


@every_case
def test_the_order_of_patients_is_irrelevant(case):
    columns, *_ = draw(1)
    order = np.random.default_rng(0).permutation(240)
    assert_same(case.run(study(rows(columns, order))), case.run(one_study()), rel=1e-6)


@every_case
def test_values_of_excluded_patients_are_irrelevant(case):
    columns, *_ = draw(1)
    padded = {name: np.r_[column, column[:40]] for name, column in columns.items()}
    padded["x"] = padded["x"].copy()
    padded["x"][240:] = 1e9
    include = np.arange(280) < 240
    assert_same(case.run(study(padded, include=include)), case.run(one_study()), rel=1e-6)


@cases(lambda case: case.doubles)
def test_every_patient_twice_gives_the_same_estimate_and_half_the_variance(case):
    columns, *_ = draw(1)
    twice = case.run(study(rows(columns, np.tile(np.arange(240), 2))))
    for ours, theirs in zip(twice, case.run(one_study()), strict=True):
        assert ours.estimate == pytest.approx(theirs.estimate, rel=1e-7)
        assert ours.std_error * np.sqrt(2) == pytest.approx(theirs.std_error, rel=5e-3)
        assert ours.n == 2 * theirs.n


@every_case
def test_recoding_treatment_inverts_the_effect(case):
    columns, *_ = draw(1)
    mirror = CASES[case.swapped] if case.swapped else case
    swapped = mirror.run(study({**columns, "therapy": ~columns["therapy"]}))
    for ours, theirs in zip(swapped, case.run(one_study()), strict=True):
        value, low, high = on_line(ours)
        other, other_low, other_high = on_line(theirs)
        assert value == pytest.approx(-other, abs=1e-6)
        assert (low, high) == (
            pytest.approx(-other_high, abs=1e-6),
            pytest.approx(-other_low, abs=1e-6),
        )
        assert ours.p_value == pytest.approx(theirs.p_value, abs=1e-6)


@every_case
def test_recoding_the_outcome_inverts_odds_ratio_and_difference(case):
    columns, *_ = draw(1)
    swapped = case.run(study({**columns, "y": ~columns["y"]}))
    for ours, theirs in zip(swapped, case.run(one_study()), strict=True):
        if ours.scale != "risk ratio":
            assert on_line(ours)[0] == pytest.approx(-on_line(theirs)[0], abs=1e-6)
            assert ours.p_value == pytest.approx(theirs.p_value, abs=1e-6)


@every_case
def test_the_unit_of_a_covariate_is_irrelevant(case):
    columns, *_ = draw(1)
    scaled = {**columns, "x": 30 + 1000 * columns["x"]}
    assert_same(case.run(study(scaled)), case.run(one_study()), rel=1e-5)


@every_case
def test_the_reference_level_is_irrelevant_to_treatment(case):
    columns, *_ = draw(1)
    relabelled = {**columns, "dx": 2 - columns["dx"]}
    assert_same(case.run(study(relabelled)), case.run(one_study()), rel=1e-5)


@every_case
def test_input_is_not_changed(case):
    columns, *_ = draw(1)
    data = study(columns)
    before = [data.treatment.copy(), data.outcome.copy(), data.include.copy()]
    values = {name: column.copy() for name, column in data.covariates.items()}
    case.run(data)
    for old, new in zip(before, (data.treatment, data.outcome, data.include), strict=True):
        assert np.array_equal(old, new)
    assert all(np.array_equal(values[name], data.covariates[name]) for name in values)


@every_case
def test_a_batch_is_its_studies_one_by_one(case):
    data = many_studies()
    batch = case.run(data)
    assert all(answer.estimate.shape == (12,) for answer in batch)
    for i in (0, 5, 11):
        assert_same([answer[i] for answer in batch], case.run(data[i]), rel=1e-9, abs=1e-12)


@every_case
def test_two_leading_axes_are_as_good_as_one(case):
    data = many_studies()
    grid = replace(
        data,
        treatment=data.treatment.reshape(3, 4, -1),
        outcome=data.outcome.reshape(3, 4, -1),
        include=data.include.reshape(3, 4, -1),
        covariates={name: c.reshape(3, 4, -1) for name, c in data.covariates.items()},
    )
    for ours, theirs in zip(case.run(grid), case.run(data), strict=True):
        assert ours.estimate.shape == (3, 4)
        assert ours.conf_low.ravel() == pytest.approx(theirs.conf_low, rel=1e-9)


@every_case
def test_the_interval_contains_the_estimate_and_agrees_with_p(case):
    for answer in case.run(many_studies()):
        assert (answer.conf_low < answer.estimate).all()
        assert (answer.estimate < answer.conf_high).all()
        null = 1 if answer.scale in RATIOS else 0
        outside = (answer.conf_low > null) | (answer.conf_high < null)
        # A score test and Wald's interval may differ near the level, but not elsewhere.
        clear = (np.abs(answer.p_value - 0.05) > 0.03) | (answer.test != TEST)
        assert clear.any()
        assert np.array_equal(outside[clear], answer.p_value[clear] < 0.05)


@every_case
def test_a_non_estimable_study_is_counted_and_does_not_affect_others(case):
    columns, *_ = draw(3, 3)
    columns["therapy"][1] = columns["x"][1] > 0
    columns["y"][1] = columns["therapy"][1]
    broken = case.run(study(columns))
    alone = case.run(study(columns)[2])
    for answer, expected in zip(broken, alone, strict=True):
        if answer.scale == "odds ratio":
            assert answer.converged.tolist() == [True, case.survives, True]
            assert (answer.records()[1]["estimate"] is not None) == case.survives
        assert answer.estimate[2] == pytest.approx(expected.estimate, rel=1e-9)


@every_case
def test_pooling_imputations_that_agree_changes_nothing(case):
    data, imputations = many_studies(), 3
    copies = replace(
        data,
        treatment=np.repeat(data.treatment[:, None], imputations, 1),
        outcome=np.repeat(data.outcome[:, None], imputations, 1),
        include=np.repeat(data.include[:, None], imputations, 1),
        covariates={
            name: np.repeat(c[:, None], imputations, 1) for name, c in data.covariates.items()
        },
    )
    for ours, theirs in zip(case.run(copies), case.run(data), strict=True):
        pooled = pool_estimates(ours)
        assert pooled.estimate == pytest.approx(theirs.estimate, rel=1e-9)
        assert pooled.std_error == pytest.approx(theirs.std_error, rel=1e-7)
        assert pooled.estimand == theirs.estimand
        assert (pooled.conf_low < pooled.estimate).all()


@cache
def imputed_studies(effect):
    """Impute 200 studies 5 times each; x is missing depending on treatment and outcome."""
    columns, *_ = draw(8, 200, n=300, effect=effect)
    lost = np.random.default_rng(9).random(columns["x"].shape)
    gaps = lost < 0.1 + 0.2 * columns["therapy"] + 0.2 * columns["y"]
    names = ("therapy", "y", "z", "dx", "x")
    x = np.where(gaps, np.nan, columns["x"])
    values = np.stack([*(columns[name].astype(float) for name in names[:-1]), x], -1)
    kinds = [Column("therapy", 2), Column("y", 2), Column("z"), Column("dx", 3), Column("x")]
    generator = np.random.default_rng(10)
    done = impute(values, kinds, generator, imputations=5, iterations=3).completed
    filled = {name: done[..., place] for place, name in enumerate(names)}
    return study({**filled, "dx": filled["dx"].astype(int)})


#: Estimators tested on imputed data: one adjusts, one weights, one predicts.
IMPUTED = ("adjusted", "iptw-ate", "g-computation")


@pytest.mark.parametrize("name", IMPUTED)
def test_size_at_the_null_after_multiple_imputation(name):
    pooled = [pool_estimates(each) for each in CASES[name].run(imputed_studies(0.0))]
    for answer in pooled:
        rejected = (answer.p_value < 0.05).mean()
        assert abs(rejected - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.parametrize("name", IMPUTED)
def test_estimates_the_truth_after_multiple_imputation(name):
    case = CASES[name]
    for each in case.run(imputed_studies(EFFECT)):
        answer = pool_estimates(each)
        truth = EFFECT if case.conditional else truths()[case.target][answer.scale]
        values = on_line(answer)[0]
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(values.mean() - truth) < 3 * error + 0.02


@cache
def null_studies(confounding):
    return study(draw(4, 600, n=300, effect=0.0, confounding=confounding)[0])


@cache
def answers_at_the_null(case):
    return case.run(null_studies(0.0 if case.confounded else 1.0))


@cases(lambda case: case.size in ("exact", "conservative"))
def test_size_at_the_null(case):
    for answer in answers_at_the_null(case):
        assert answer.converged.mean() > 0.99
        rejected = (answer.p_value[answer.converged] < 0.05).mean()
        tolerance = 3 * np.sqrt(0.05 * 0.95 / 600)
        assert rejected < 0.05 + tolerance
        if case.size == "exact":
            assert rejected > 0.05 - tolerance


def test_unstabilised_weights_used_as_counts_inflate_type_i_error():
    answer = CASES["iptw-ate naive"].run(null_studies(1.0))[2]
    assert (answer.p_value < 0.05).mean() > 0.10


def test_matching_the_larger_arm_is_biased():
    *_, answer = CASES["matching treated"].run(large_studies(1.0))
    truth = truths()["att"]["odds ratio"]
    assert np.log(answer.estimate).mean() - truth > 0.3


@cache
def truths():
    """Effects in each population, from a million patients with both potential risks known."""
    _, e, risk = draw(5, n=1_000_000)
    tilts = {"ate": 1, "att": e, "atc": 1 - e, "ato": e * (1 - e), "atm": np.minimum(e, 1 - e)}
    found = {}
    for target, h in tilts.items():
        p0, p1 = (np.average(r, weights=h * np.ones_like(e)) for r in risk)
        odds = np.log(p1 / (1 - p1)) - np.log(p0 / (1 - p0))
        found[target] = {
            "risk difference": p1 - p0,
            "risk ratio": np.log(p1 / p0),
            "odds ratio": odds,
        }
    return found


@cache
def large_studies(confounding):
    return study(draw(6, 40, n=4000, confounding=confounding)[0])


@cases(lambda case: case.size != "trap")
def test_estimates_the_truth_in_large_studies(case):
    for answer in case.run(large_studies(0.0 if case.confounded else 1.0)):
        given = case.conditional and answer.scale == "odds ratio"
        truth = EFFECT if given else truths()[case.target][answer.scale]
        values = on_line(answer)[0]
        slack = 0.02 if case.method.startswith(("matching", "ps")) else 0.005
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(values.mean() - truth) < 3 * error + slack


@cases(lambda case: case.size == "exact")
def test_the_standard_error_is_the_sd_of_the_estimate(case):
    for answer in answers_at_the_null(case):
        variation = on_line(answer)[0][answer.converged].std(ddof=1)
        assert np.nanmedian(answer.std_error) == pytest.approx(variation, rel=0.1)
