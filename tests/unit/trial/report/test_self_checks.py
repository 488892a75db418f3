"""Self-checks of a report: each check can pass and fail."""

import pytest

from pretese.trial.report.self_checks import checks, conclusions, outside_checks
from pretese.trial.report.statements import in_plain_words


def measure(value, mcse=0.002, n=10_000):
    return {"value": value, "mcse": mcse, "n": n}


def study(
    power=0.8, level=0.05, bias=0.0, coverage=0.95, z=0.5, exact=True, cells=None, family=None
):
    def point(effect, rejection):
        return {
            "participants": 200,
            "effect_percent": effect,
            "measures": {
                "rejection": measure(rejection),
                "power": measure(rejection),
                "bias": measure(bias, 0.001),
                "coverage": measure(coverage),
                "n_experimental": measure(100.0),
                "duration_months": measure(31.4),
            },
            "truth": {"risk_control": 0.2, "risk_treated": 0.36},
            "family": family,
            "exact": {"power": rejection, "power_mcse": 0.0, "z": z} if exact else None,
            "replicates": 10_000,
            "exact_unavailable": None if exact else "the analysis is adjusted",
        }

    return {
        "points": [point(0.0, level), point(100.0, power)],
        "boundaries": {"alpha": 0.05, "sides": 2, "information_rates": [1.0]},
        "sample_size_search": None,
        "sensitivity": cells and {"cells": [{"type_one_error": measure(each)} for each in cells]},
    }


def ordered(below=0.5, over=0.025, coverage=0.95, ignores=False, usual=0.93):
    """Return a study of a sequential trial with biased unadjusted estimates."""
    document = study(bias=0.02, coverage=usual)
    document["boundaries"] |= {"information_rates": [0.5, 1.0], "ignores_futility": ignores}
    for point in document["points"]:
        point["measures"] |= {
            "below": measure(0.40),
            "final_bias": measure(0.01),
            "final_below": measure(below),
            "final_coverage": measure(coverage),
            "final_over": measure(over),
        }
    return document


def verdicts(document=None, **changes):
    return {check.what: check for check in checks(document or study(**changes))}


EXACT = "simulated power compared with exact power"
LEVEL, EFFECT, COVERAGE = (
    "type I error",
    "recovery of the known effect",
    "coverage of the intervals",
)


def test_a_valid_study_passes_every_check():
    assert all(check.holds for check in checks(study()))
    assert len(checks(study())) == 4


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"z": 3.3}, EXACT),
        ({"level": 0.058}, LEVEL),
        ({"bias": -0.004}, EFFECT),
        ({"coverage": 0.942}, COVERAGE),
        ({"coverage": 0.958}, COVERAGE),
    ],
)
def test_each_check_fails_only_on_its_own_fault(changes, what):
    failed = [name for name, check in verdicts(**changes).items() if check.holds is False]
    assert failed == [what]


def test_a_type_i_error_below_alpha_passes_and_is_called_conservative():
    check = verdicts(level=0.035)[LEVEL]
    assert check.holds
    assert check.found.endswith("(conservative)")


def test_a_check_that_was_not_performed_is_neither_passed_nor_failed():
    check = verdicts(exact=False)[EXACT]
    assert (check.holds, check.verdict) == (None, "not checked")
    assert "the analysis is adjusted" in check.found
    claims = {claim: word for word, claim in conclusions(study(level=0.06))}
    assert claims["Type I error is controlled under the assumptions."] == "not supported"
    assert claims["The worst case over the sensitivity parameters named is known."] == "not shown"


def test_the_limit_for_the_largest_of_many_errors_is_wider():
    grid, family = (
        "type I error in every cell of the sensitivity grid",
        "family-wise error of the endpoints",
    )
    # 3 standard errors of 10,000 trials are 0.65 points; of the greatest of 20 cells, 0.83.
    for cells, holds in (([0.058], False), ([0.05] * 19 + [0.058], True), ([0.0584] * 20, False)):
        assert verdicts(cells=cells)[grid].holds == holds
    errors = [{"nulls": ["birth"], **measure(0.07)}]
    assert not verdicts(family={"method": "holm", "errors": errors})[family].holds
    assert family not in verdicts(family={"method": "none", "errors": errors})


def test_checks_that_were_not_possible_are_listed_as_not_checked():
    replayed, second = outside_checks(4)
    assert (replayed.verdict, second.verdict) == ("holds", "not checked")
    assert "4 of 4" in replayed.found
    assert len(outside_checks(0)) == 1


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({}, []),
        ({"below": 0.485}, []),  # within the tolerance for discrete counts
        ({"below": 0.475}, [EFFECT]),
        ({"below": 0.56}, [EFFECT]),
        ({"coverage": 0.942}, [COVERAGE]),
        ({"below": 0.56, "coverage": 0.935, "ignores": True}, []),
        ({"below": 0.475, "ignores": True}, [EFFECT]),
        ({"over": 0.031, "ignores": True}, [COVERAGE]),
    ],
)
def test_claims_of_a_sequential_trial_use_adjusted_estimates(changes, failed):
    document = ordered(**changes)
    assert [name for name, each in verdicts(document).items() if each.holds is False] == failed
    claims = dict(zip((EFFECT, COVERAGE), conclusions(document)[2:4], strict=True))
    for what, (word, claim) in claims.items():
        assert word == ("not supported" if what in failed else "supported")
        assert ("at most as often as" in claim) == changes.get("ignores", False)


def test_statements_that_a_sequential_trial_does_not_support_are_marked():
    found = verdicts(ordered())
    assert (
        "unadjusted estimate: 40.0 % (MCSE 0.2), bias 0.0200 (MCSE 0.0010)" in found[EFFECT].found
    )
    assert "unadjusted interval 93.0 % (MCSE 0.2)" in found[COVERAGE].found


def test_estimates_without_a_stagewise_ordering_are_not_adjusted():
    document = study(bias=0.02)
    document["boundaries"]["information_rates"] = [0.5, 1.0]
    check = verdicts(document)[EFFECT]
    assert not check.holds
    assert "not adjusted in this design" in check.found


def test_a_clinician_reads_no_technical_term():
    words = in_plain_words(study(level=0.004))
    assert "helps 16 more of every 100 patients (from 20 to 36)" in words
    assert "in 80 of 100 such trials" in words
    assert "in fewer than 1 of 100 such trials" in words
    for term in ("power", "null", "type I", "Monte Carlo", "estimand"):
        assert term not in words
