"""Balance equals R's cobalt (g05)."""

import pytest

from estimate.causal.balance import balance, mahalanobis_difference
from estimate.causal.propensity import propensity
from estimate.causal.weighting import weights

CASES = {
    "unadjusted_pooled": (None, "pooled"),
    "unadjusted_treated": (None, "treated"),
    "ate_pooled": ("ate", "pooled"),
    "att_treated": ("att", "treated"),
    "ato_default": ("ato", "weighted"),
}


@pytest.mark.parametrize("case", CASES)
def test_differences_ratios_and_distances(cohort, r_output, r_name, case):
    r, (target, ruler) = r_output("g05_balance")[case], CASES[case]
    w = None if target is None else weights(cohort, propensity(cohort), target).value
    answer = balance(cohort, w, ruler=ruler)
    kind = "Un" if target is None else "Adj"
    for row in answer.records():
        theirs = r[r_name(row["covariate"])]
        assert row["difference"] == pytest.approx(theirs[f"Diff.{kind}"], abs=1e-8)
        assert row["distance"] == pytest.approx(theirs[f"KS.{kind}"], abs=1e-8)
        expected = theirs[f"V.Ratio.{kind}"]
        assert row["variance_ratio"] == (expected and pytest.approx(expected, rel=1e-8))
    assert len(answer.names) == 13


def test_overlap_weights_balance_every_mean_exactly(cohort):
    answer = balance(cohort, weights(cohort, propensity(cohort), "ato").value)
    assert answer.difference == pytest.approx(0, abs=1e-10)


def test_weighted_denominators(cohort, r_output, r_name):
    r = r_output("g05_balance")["ate_weighted_denominator"]
    w = weights(cohort, propensity(cohort)).value
    answer = balance(cohort, w, ruler="weighted pooled")
    for name, difference in zip(answer.names, answer.difference, strict=True):
        if r_name(name) in r:
            assert difference == pytest.approx(r[r_name(name)], rel=1e-7)


def test_one_standardised_difference_for_all_diagnoses(cohort, r_output):
    r = r_output("g05_balance")["dx_mahalanobis"]
    w = weights(cohort, propensity(cohort)).value
    unadjusted = mahalanobis_difference(cohort, "diagnosis")
    assert unadjusted == pytest.approx(r["unadjusted"], rel=1e-8)
    assert mahalanobis_difference(cohort, "diagnosis", w) == pytest.approx(r["ate"], rel=1e-8)
