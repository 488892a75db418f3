"""Matched pairs and their estimates equal those of R's MatchIt, pair for pair (g06)."""

import numpy as np
import pytest

from estimate.causal.balance import balance
from estimate.causal.matched_effects import matched
from estimate.causal.matched_pairs import discordant, mcnemar, paired
from estimate.causal.matching import match_nearest
from estimate.causal.propensity import propensity
from estimate.core.design_matrix import design_matrix
from estimate.regression.logistic import fit_logistic
from estimate.regression.sandwich import sandwich
from protocol.errors import InputError

DESIGNS = {
    "D_ATT_closest": ("treated", {"order": "closest"}),
    # R received the arms swapped, so its "largest" is our smallest score.
    "G_controls_focal_largest": ("untreated", {}),
    "H_controls_focal_caliper02_logit": ("untreated", {"caliper": 0.2, "on": "logit"}),
    "I_controls_focal_closest_caliper02_logit": (
        "untreated",
        {"order": "closest", "caliper": 0.2, "on": "logit"},
    ),
    "J_controls_focal_exact_dx": ("untreated", {"exact": "diagnosis", "on": "logit"}),
}

#: Designs that are refused unless `scarce` states that the shortage of partners is known.
TRAPS = {
    "A_default_ATT_largest": {"order": "largest"},
    "B_ATT_smallest": {"order": "smallest"},
    "C_ATT_data": {"order": "data"},
    "E_ATT_caliper02_ps": {"order": "largest", "caliper": 0.2},
    "F_ATT_caliper02_logit": {"order": "largest", "caliper": 0.2, "on": "logit"},
}


@pytest.fixture(scope="module")
def score(cohort):
    return propensity(cohort)


def pairs_of(matches, cohort):
    """Return [focal patient, partner] with patients counted from 1, as R does."""
    focal = (cohort.treatment > 0) == (matches.focal == "treated")
    found = []
    for number in range(matches.pair.max() + 1):
        both = np.flatnonzero(matches.pair == number)
        found.append(sorted(both + 1, key=lambda patient: not focal[patient - 1]))
    return [[int(a), int(b)] for a, b in found]


def run(cohort, score, name):
    focal, options = DESIGNS[name] if name in DESIGNS else ("treated", TRAPS[name])
    return match_nearest(cohort, score, focal, **options, accept_shortage=name in TRAPS)


@pytest.mark.parametrize("name", [*DESIGNS, *TRAPS])
def test_pairs_are_the_same_patients(cohort, score, r_output, name):
    matches = run(cohort, score, name)
    assert pairs_of(matches, cohort) == r_output("g06_matching")[name]["pairs"]


@pytest.mark.parametrize("name", [*DESIGNS, *TRAPS])
def test_odds_ratios_and_errors(cohort, score, r_output, name):
    r = r_output("g06_matching")[name]
    matches = run(cohort, score, name)
    for prefix, covariates in (("", []), ("adj_", None)):
        naive = matched(cohort, matches, covariates, clustered=False)
        clustered = matched(cohort, matches, covariates)
        assert np.log(naive.estimate) == pytest.approx(r[f"{prefix}logOR"], rel=1e-6)
        assert naive.std_error == pytest.approx(r[f"{prefix}se_naive"], rel=1e-6)
        assert clustered.estimate == pytest.approx(naive.estimate)
        assert clustered.std_error == pytest.approx(r[f"{prefix}se_cluster_HC1"], rel=1e-6)
        assert naive.n == 2 * r["n_pairs"]


@pytest.mark.parametrize("name", [*DESIGNS, *TRAPS])
def test_odds_ratios_within_pairs(cohort, score, r_output, name):
    """R's clogit and mcnemar.test; its table has the focal patient's outcome in rows."""
    r = r_output("g06_matching")[name]
    matches = run(cohort, score, name)
    (_, first), (second, _) = r["pair_table_therapy_rows_ctl_cols"]
    assert sorted(discordant(cohort, matches)) == sorted([first, second])
    answer = paired(cohort, matches)
    assert np.log(answer.estimate) == pytest.approx(r["clogit_logOR"], rel=1e-6)
    assert answer.std_error == pytest.approx(r["clogit_se"], rel=1e-6)
    assert answer.p_value == pytest.approx(r["mcnemar_exact"], rel=1e-6)
    assert mcnemar(cohort, matches).p_value == pytest.approx(r["mcnemar_cc"], rel=1e-6)


@pytest.mark.parametrize("name", [*DESIGNS, *TRAPS])
def test_distances_and_errors_without_correction(cohort, score, r_output, name):
    r = r_output("g06_matching")[name]
    matches = run(cohort, score, name)
    options = DESIGNS[name][1] if name in DESIGNS else TRAPS[name]
    on_logit = np.log(score.score / (1 - score.score))
    distance = on_logit if options.get("on") == "logit" else score.score
    treated, untreated = (
        distance[(matches.pair >= 0) & (cohort.treatment == arm)] for arm in (1, 0)
    )
    numbers = [matches.pair[(matches.pair >= 0) & (cohort.treatment == arm)] for arm in (1, 0)]
    gap = treated[np.argsort(numbers[0])] - untreated[np.argsort(numbers[1])]
    assert np.abs(gap).mean() == pytest.approx(r["mean_ps_gap"], rel=1e-6)
    X = design_matrix(cohort, []).X
    fit = fit_logistic(X, cohort.outcome, matches.weights)
    pairs = np.maximum(matches.pair, 0)
    cov = sandwich(X, cohort.outcome, fit, matches.weights, clusters=pairs)
    assert np.sqrt(cov[1, 1]) == pytest.approx(r["se_cluster_HC0"], rel=1e-6)


@pytest.mark.parametrize("name", [*DESIGNS, *TRAPS])
def test_balance_of_matched_patients(cohort, score, r_output, r_name, name):
    r = r_output("g06_matching")[name]
    matches = run(cohort, score, name)
    answer = balance(cohort, matches.weights)
    sign = 1 if matches.focal == "treated" else -1
    for column, difference in zip(answer.names, answer.difference, strict=True):
        assert sign * difference == pytest.approx(r["smd"][r_name(column)], abs=1e-8)


@pytest.mark.parametrize("name", TRAPS)
def test_matching_with_a_treated_majority_is_refused(cohort, score, name):
    with pytest.raises(InputError, match="368 treated patients for 174"):
        match_nearest(cohort, score, "treated", **TRAPS[name])


def test_matching_a_treated_majority_worsens_balance(cohort, score):
    trapped = run(cohort, score, "A_default_ATT_largest")
    assert balance(cohort, trapped.weights).worst > 2 * balance(cohort).worst
