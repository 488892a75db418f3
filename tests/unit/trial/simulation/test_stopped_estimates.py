"""Estimates of simulated sequential trials: median-unbiased, with nominal coverage."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from estimate.comparison.risk_difference import compare_arms
from estimate.core.result import Z95
from estimate.sequential.stagewise import order_stagewise
from estimate.sequential.trials import follow
from pretese.trial.design.design_reader import read_design
from pretese.trial.measures.performance import WORDS, measures
from pretese.trial.measures.summary import summarise_point
from pretese.trial.measures.trial_means import share_below
from pretese.trial.report.example_trials import _ending
from pretese.trial.report.statements import at_a_stop, statement
from pretese.trial.simulation.engine import simulate_design
from pretese.trial.simulation.stopped_estimates import can_be_ordered, final_estimates
from pretese.trial.views.measure_words import number
from tests.unit.trial.design.test_alternatives import plain

POCOCK = {"analyses_percent": [100 / 3, 200 / 3, 100], "efficacy": "Pocock"}
NAMES = ("median_unbiased", "final_low", "final_high")
FINAL = {"below", "final_bias", "final_below", "final_coverage", "final_over"}


def sequential(**changes):
    return plain(
        participants=360, monitoring={**POCOCK, **changes}, randomisation={"block_sizes": [2]}
    )


def counted(design, p1, p0, per_arm, trials, seed):
    """Simulate binomial counts; return analysis, z, estimate and limits at the end."""
    rng, analyses = np.random.default_rng(seed), len(design.monitoring.analyses_percent)
    stage = per_arm // analyses
    x1, x0 = (np.cumsum(rng.binomial(stage, p, (trials, analyses)), 1) for p in (p1, p0))
    participants = np.broadcast_to(stage * np.arange(1, analyses + 1), x1.shape)
    tables, back = np.unique(
        np.stack([x1, x0, participants]).reshape(3, -1), axis=1, return_inverse=True
    )
    answers = compare_arms(
        tables[0], tables[2], tables[1], tables[2], design.estimand, variance="Farrington-Manning"
    )
    ends = follow(design.monitoring.plan(), answers.statistic[back].reshape(x1.shape))
    here = back.reshape(x1.shape)[np.arange(trials), ends.analysis - 1]
    names = ("estimate", "conf_low", "conf_high")
    return ends, {name: getattr(answers, name)[here] for name in names}


def test_symmetric_intervals_are_shifted_by_standard_errors_of_the_drift():
    design, analysis, error = sequential(), np.array([2, 3, 3]), np.array([0.08, 0.06, 0.05])
    z = np.array([2.6, 1.1, -2.4])
    found = final_estimates(
        design, analysis, z, estimate=z * error, conf_low=(z - Z95) * error,
        conf_high=(z + Z95) * error,
    )  # fmt: skip
    drifts = order_stagewise(design.monitoring.plan(), analysis, z)
    root = np.sqrt(np.array(POCOCK["analyses_percent"]) / 100)[analysis - 1]
    for name, drift in zip(NAMES, (drifts.median_unbiased, drifts.low, drifts.high), strict=True):
        assert found[name] == pytest.approx(drift * root * error, abs=1e-12)
    assert (np.abs(found["median_unbiased"]) < np.abs(z * error)).all()


def test_a_stop_at_the_first_analysis_reports_the_methods_own_interval():
    found = final_estimates(
        sequential(), np.array([1, 1]), np.array([2.9, 0.2]), estimate=np.array([0.3, 0.02]),
        conf_low=np.array([0.11, -0.2]), conf_high=np.array([0.45, 0.21]),
    )  # fmt: skip
    wanted = ([0.3, 0.02], [0.11, -0.2], [0.45, 0.21])
    for name, values in zip(NAMES, wanted, strict=True):
        assert found[name] == pytest.approx(values, abs=1e-9)


def test_a_trial_without_an_estimate_reports_nothing():
    found = final_estimates(
        sequential(), np.array([3]), np.array([np.nan]), estimate=np.array([-np.inf]),
        conf_low=np.array([-np.inf]), conf_high=np.array([np.inf]),
    )  # fmt: skip
    assert all(np.isnan(found[name]).all() for name in NAMES)


@pytest.mark.parametrize("risks", [(0.55, 0.40), (0.40, 0.40), (0.30, 0.50)])
def test_reports_of_counted_trials_are_median_unbiased_and_cover(risks):
    design, trials, truth = sequential(), 20_000, risks[0] - risks[1]
    ends, usual = counted(design, *risks, 300, trials, seed=7)
    found = final_estimates(design, ends.analysis, ends.z, **usual)
    low, high = found["final_low"], found["final_high"]
    below = share_below(found["median_unbiased"], truth)
    assert abs(below.value - 0.5) < 0.02  # discreteness of counts
    covered = ((low <= truth) & (truth <= high)).mean()
    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / trials)
    # If the score test stops a trial its interval excludes 0, apart from rounding.
    assert (((low > 0) | (high < 0)) != ends.rejected).mean() < 0.002


def test_unadjusted_estimates_are_biased_and_their_intervals_have_too_low_coverage():
    design, trials = sequential(), 20_000
    ends, usual = counted(design, 0.55, 0.40, 300, trials, seed=7)
    assert (usual["estimate"] < 0.15).mean() < 0.42
    found = final_estimates(design, ends.analysis, ends.z, **usual)
    assert abs(found["median_unbiased"].mean() - 0.15) < 0.7 * (usual["estimate"].mean() - 0.15)
    _, usual = counted(design, 0.40, 0.40, 300, trials, seed=7)
    misses = ((usual["conf_low"] > 0) | (usual["conf_high"] < 0)).mean()
    assert misses > 0.05 + 4 * np.sqrt(0.05 * 0.95 / trials)


def test_measuring_from_zero_in_score_units_would_shrink_estimates():
    design, trials, truth = sequential(), 20_000, 0.4
    ends, usual = counted(design, 0.6, 0.2, 60, trials, seed=3)
    found = final_estimates(design, ends.analysis, ends.z, **usual)
    root = np.sqrt(np.array(POCOCK["analyses_percent"]) / 100)[ends.analysis - 1]
    drift = order_stagewise(design.monitoring.plan(), ends.analysis, ends.z).median_unbiased
    error = (usual["conf_high"] - usual["conf_low"]) / (2 * Z95)
    assert abs((found["median_unbiased"] < truth).mean() - 0.5) < 0.06
    assert (drift * root * error < truth).mean() > 0.56


@pytest.fixture(scope="module", params=["participants", "counts"])
def simulated(request):
    design, patient_level = (
        sequential(futility="HSD(-2)", sides=1, alpha_percent=2.5),
        request.param == "participants",
    )
    points = [(360, 0.0), (360, 1.0)]
    return design, simulate_design(
        design, None, points, seed=3, replicates=300, patient_level=patient_level
    )


def test_simulated_trials_contain_their_reported_estimates(simulated):
    design, results = simulated
    for out in results.values():
        own = final_estimates(
            design, out.analysis.astype(int), out.z, estimate=out.estimate, conf_low=out.conf_low,
            conf_high=out.conf_high,
        )  # fmt: skip
        for name in NAMES:
            np.testing.assert_array_equal(getattr(out, name), own[name])
        assert ((out.final_low > 0) == (out.rejected > 0)).all()
        first = out.analysis == 1
        assert out.median_unbiased[first] == pytest.approx(out.estimate[first])


def test_adjusted_measures_are_shown_with_unadjusted_ones(simulated):
    design, results = simulated
    out, truth = results[360, 1.0], 0.3
    known = replace(
        out, target=np.full(300, truth), median_unbiased=np.where(np.arange(300) < 90, 0.2, 0.4),
        final_low=np.where(np.arange(300) < 270, 0.1, 0.35), final_high=np.full(300, 0.5),
    )  # fmt: skip
    found = measures(design, known)
    assert FINAL <= found.keys() <= WORDS.keys()
    assert found["final_below"].value == pytest.approx(0.3)
    assert found["final_below"].mcse == pytest.approx(np.sqrt(0.3 * 0.7 / 299))
    assert found["final_bias"].value == pytest.approx(0.04)
    assert found["final_over"].value == pytest.approx(0.1)
    assert found["final_coverage"].value == pytest.approx(0.9)
    assert found["below"].value == share_below(out.estimate, truth).value
    assert found["bias"].value == pytest.approx(np.nanmean(out.estimate) - truth)


def test_an_example_trial_shows_the_reported_and_the_unadjusted_estimate(simulated):
    _, results = simulated
    table = pd.DataFrame(results[360, 1.0].columns())
    for analysis in (1, 3):
        row = table[table.analysis == analysis].iloc[0]
        reported = _ending(row)
        wanted = f"estimate {row.median_unbiased:.4f} ({row.final_low:.4f} to {row.final_high:.4f})"
        assert wanted in reported
        usual = f"unadjusted {row.estimate:.4f} ({row.conf_low:.4f} to"
        assert (usual in reported) == (analysis == 3)
    assert "reports" not in _ending(row.drop(list(NAMES)))


def test_the_protocol_paragraph_states_how_the_effect_is_reported(simulated):
    design, results = simulated
    points = [summarise_point(design, 360, each, results[360, each]) for each in (0.0, 1.0)]
    document = {
        "points": points, "sample_size_search": None, "estimand": str(design.estimand),
        "analysis": "unadjusted",
        "boundaries": {"information_rates": [1 / 3, 2 / 3, 1], "alpha": 0.025, "sides": 1,
        "name": "x"},
    }  # fmt: skip
    share = number(points[1]["measures"]["final_coverage"], share=True)
    assert f"stagewise ordering, whose coverage is {share}." in statement(design, document)
    points[1]["measures"].pop("final_coverage")
    assert "stagewise" not in statement(design, document)


def test_a_trial_with_one_analysis_needs_no_adjustment():
    out = simulate_design(plain(), None, [(200, 1.0)], seed=1, replicates=20)[200, 1.0]
    assert out.median_unbiased is out.final_low is out.final_high is None
    assert not FINAL & measures(plain(), out).keys()
    assert at_a_stop(plain()) == []


def test_ratios_are_ordered_on_the_logarithm():
    design = plain(monitoring={"analyses_percent": [50, 100]}, analysis={"method": "logistic"})
    out = simulate_design(design, None, [(200, 1.0)], seed=1, replicates=60)[200, 1.0]
    later = out.analysis == 2
    assert later.any()
    assert (~later).any()
    assert out.final_low[~later] == pytest.approx(out.conf_low[~later])
    assert (out.final_low < out.conf_low)[later].all()
    assert (out.median_unbiased < out.estimate)[later & (out.estimate > 0)].all()


def test_only_trials_compared_with_one_plan_are_ordered():
    three = read_design("three-endpoints")[0]
    analyses = three.monitoring.model_copy(update={"analyses_percent": (50.0, 100.0)})
    fixed = three.model_copy(update={"monitoring": analyses})
    shared = fixed.model_copy(
        update={"multiplicity": fixed.multiplicity.model_copy(update={"method": "holm"})}
    )
    assert can_be_ordered(sequential())
    assert can_be_ordered(fixed)
    assert not can_be_ordered(shared)
    resized = read_design("re-estimation")[0]
    assert not can_be_ordered(resized)
    nothing = np.array([1.0])
    assert (
        final_estimates(
            resized, np.array([2]), nothing, estimate=nothing, conf_low=nothing, conf_high=nothing
        )
        == {}
    )
    for design, words in (
        (resized, "the sample size is re-estimated"),
        (shared, "endpoints share alpha"),
        (sequential(futility="OF", sides=1), "futility boundaries are ignored"),
        (sequential(futility="OF", sides=1, binding=True), "futility boundaries are binding"),
    ):
        assert words in at_a_stop(design)[0][1]
