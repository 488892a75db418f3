"""p is below 0.05 if and only if the 95 % interval excludes the null, in every table."""

import numpy as np
import pytest
from scipy.stats import fisher_exact

from estimate.comparison.count_tests import COUNT_METHODS, compare_by_counts
from estimate.core.analysis_set import Repeated
from estimate.core.columns import Numeric
from estimate.core.complete_cases import analysis_set
from estimate.core.result import RATIOS
from estimate.outcomes.repeated import repeated_differences
from tests.contract.test_estimators import CASES

#: Numbers of treated and untreated patients.
SIZES = ((3, 7), (5, 5), (4, 9), (8, 6), (10, 10), (2, 12), (13, 11))

#: With one binary covariate the score is collinear with it, and such small studies have few
#: discordant pairs.
SELDOM_ESTIMABLE = {"ps-covariate", "matching", "matching-conditional"}


def every_table(treated, untreated, *, survey=False):
    """Return one data set per table: the first patients of each arm have the outcome.

    With ``survey``, every second patient of an arm has weight 2, and the two strata are the first
    and second halves of each arm.
    """
    shape = (treated + 1, untreated + 1)
    yes = np.stack(np.indices(shape), -1).reshape(-1, 2)
    place = np.r_[np.arange(treated), np.arange(untreated)]
    arm = np.r_[np.ones(treated), np.zeros(untreated)]
    outcome = place < np.where(arm > 0, yes[:, :1], yes[:, 1:])
    columns = {"therapy": np.broadcast_to(arm, outcome.shape), "y": outcome, "x": place % 2.0}
    more = {}
    if survey:
        half = place < np.where(arm > 0, treated, untreated) / 2
        columns |= {"w": 1 + place % 2.0, "stratum": half}
        more = {"sampling": "w", "strata": "stratum"}
    return analysis_set(
        columns, treatment="therapy", outcome="y", covariates={"x": Numeric()}, **more
    )


def contradictions(answer):
    null = 1 if answer.scale in RATIOS else 0
    known = answer.converged & (np.abs(answer.p_value - 0.05) > 1e-9)
    outside = (answer.conf_low > null) | (answer.conf_high < null)
    assert np.isfinite(answer.p_value[answer.converged]).all()
    return (known & (outside != (answer.p_value < 0.05))).sum()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_p_value_and_interval_agree_in_every_table(case):
    scanned = 0
    for sizes in SIZES:
        for answer in case.run(every_table(*sizes)):
            assert contradictions(answer) == 0, (sizes, answer.scale)
            scanned += answer.converged.sum()
    assert scanned > 100 or case.method in SELDOM_ESTIMABLE


@pytest.mark.parametrize("method", COUNT_METHODS)
def test_p_value_and_interval_agree_in_every_exact_test(method):
    for sizes in SIZES[:5]:
        answer = compare_by_counts(every_table(*sizes), method)
        tested = np.isfinite(answer.p_value)
        null = 1 if answer.scale in RATIOS else 0
        outside = (answer.conf_low > null) | (answer.conf_high < null)
        assert (outside == (answer.p_value < 0.05))[tested].all()
        assert tested.sum() > 20


@pytest.mark.parametrize(
    "name", ["unadjusted", "adjusted", "modified Poisson", "iptw-ate", "iptw-ato", "g-computation"]
)
def test_p_value_and_interval_agree_in_every_survey(name):
    scanned = 0
    for sizes in SIZES:
        for answer in CASES[name].run(every_table(*sizes, survey=True)):
            assert contradictions(answer) == 0, (sizes, answer.scale)
            scanned += answer.converged.sum()
    assert scanned > 100


def test_p_value_and_interval_agree_for_repeated_measurements():
    rng = np.random.default_rng(3)
    visits = rng.normal(size=(60, 14, 2)) + rng.normal(size=(60, 14, 1))
    arm = np.tile(np.arange(14) % 2, (60, 1))
    visits += arm[..., None] * rng.uniform(0, 2, (60, 1, 1))
    visits[..., 1][rng.random((60, 14)) < 0.15] = np.nan
    data = analysis_set(
        {"therapy": arm, "y": np.nanmean(visits, -1)}, treatment="therapy", outcome="y",
        outcome_kind="repeated", repeated=Repeated(visits, ("one", "two")),
    )  # fmt: skip
    for answer in repeated_differences(data, []):
        assert contradictions(answer) == 0
        assert answer.converged.sum() > 50
        assert 10 < (answer.p_value < 0.05).sum() < 50


@pytest.mark.parametrize("name", ["unadjusted", "iptw-ate", "iptw-ato", "randomised"])
@pytest.mark.parametrize("sizes", SIZES)
def test_an_arm_without_events_does_not_give_extreme_p_values(name, sizes):
    """The Wald variance of this arm is 0; a test based on it would return p-values near 0."""
    data = every_table(*sizes)
    answer = CASES[name].run(data)[0]
    yes = (data.outcome * data.treatment).sum(-1), (data.outcome * (1 - data.treatment)).sum(-1)
    for at in np.flatnonzero((yes[0] % sizes[0] == 0) & answer.converged):
        a, b = int(yes[0][at]), int(yes[1][at])
        exact = fisher_exact([[a, sizes[0] - a], [b, sizes[1] - b]]).pvalue
        assert answer.p_value[at] > exact / 100, (a, b)
