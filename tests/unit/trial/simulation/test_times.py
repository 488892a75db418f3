"""Time to live birth in designs: dates, truth, censoring, analyses, refusals."""

import numpy as np
import pytest

from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.design.design_reader import parse_design
from pretese.trial.measures.summary import summarise_point
from pretese.trial.monitoring.conditional_power import Assumed
from pretese.trial.monitoring.current_status import interim_statistics
from pretese.trial.monitoring.interim_data import InterimData
from pretese.trial.report.chapters import truth_words
from pretese.trial.report.design_words import described
from pretese.trial.simulation.arm_comparison import analyse_trials
from pretese.trial.simulation.engine import simulate_design
from protocol.errors import InputError
from simulate.cohort.birth_times import birth_times_of
from simulate.cohort.draw import draw_cohort
from simulate.scenario.load import load_scenario

FILE = """
id: births
title: t
question: q
participants: 300
scenario: rct-two-arm
arms:
  control: {regimen: no-therapy}
  treated: {regimen: fsh-guided}
sites:
  - {name: a, from_month: [0], recruitment_per_year: [60]}
  - {name: b, from_month: [0], recruitment_per_year: [60]}
"""
TIME = "variable: time_to_live_birth, endpoint_month: 24"


def _design(endpoint: str = TIME, more: str = ""):
    return parse_design(f"{FILE}endpoint: {{{endpoint}}}\n{more}", "births.yaml")


def test_births_follow_therapy_waits_transfers_and_pregnancy() -> None:
    cohort = draw_cohort(load_scenario("rct-two-arm"), seed=1, patients=400)
    control, treated = birth_times_of(cohort)
    both = control.born & treated.born
    assert control.day[control.born].min() >= 263
    assert np.median((treated.day - control.day)[both]) == 90  # three months of therapy
    never = ~control.born & (control.day < 150)
    assert never.mean() > 0.5  # without sperm or embryos, the course ends soon after surgery


def test_a_time_is_analysed_by_the_log_rank_test_unless_stated() -> None:
    design = _design()
    assert design.analysis.method == "log-rank"
    words = str(design.estimand)
    assert "hazard ratio of time to live birth within 24 months" in words
    assert "end of treatment without a birth: composite variable" in words


@pytest.mark.parametrize("method", ["log-rank", "rmst"])
def test_estimates_are_unbiased_for_the_effect_of_the_mechanism(method: str) -> None:
    design = _design(more=f"analysis: {{method: {method}}}\n")
    found = simulate_design(design, scenario_of(design), [(300, 0.0), (300, 1.0)], seed=3,
                            replicates=60)  # fmt: skip
    for (size, effect), outcomes in found.items():
        point = summarise_point(design, size, effect, outcomes)
        bias = point["measures"]["bias"]
        assert abs(bias["value"]) < 4 * bias["mcse"] + 0.02
        assert point["measures"]["coverage"]["value"] > 0.85
    assert point["exact_unavailable"] == "the endpoint is a time to an event"
    assert point["truth"]["risk_treated"] > point["truth"]["risk_control"] > 0.05


def test_dropouts_are_censored_or_without_a_birth() -> None:
    part = "dropout: {control_percent: 40, treated_percent: 40}\n"
    censored, failed = (
        _design(f"{TIME}, missing: {rule}", part) for rule in ("complete case", "failure")
    )
    trials = draw_trials(censored, scenario_of(censored), 1, 300, 2)
    one, other = (observe(each, trials, 1.0) for each in (censored, failed))
    assert one.include.all()
    assert (one.outcome == other.outcome).all()
    late = trials.dropped_out & (one.outcome == 0)
    assert (one.days[late] < 720).mean() > 0.8
    assert (other.days[other.outcome == 0] == 720).all()


def test_couples_who_stop_are_followed_or_censored() -> None:
    followed, censored = (_design(TIME + more) for more in ("", ", stopped_couples: censored"))
    trials = draw_trials(followed, scenario_of(followed), 1, 300, 2)
    stopped = draw_trials(censored, scenario_of(censored), 1, 300, 2)
    one, other = observe(followed, trials, 1.0), observe(censored, stopped, 1.0)
    assert (one.outcome == other.outcome).all()
    assert (one.days[one.outcome == 0] == 720).all()
    assert (other.days[other.outcome == 0] < 720).mean() > 0.9
    assert "hypothetical" in str(censored.estimand)


def test_covariates_and_factors_enter_coxs_model() -> None:
    more = "analysis: {method: cox, covariates: [age_years], strata: [site]}\n"
    design = _design(more=more)
    trials = draw_trials(design, scenario_of(design), 1, 300, 4)
    found = analyse_trials(observe(design, trials, 1.0))
    assert found.converged.all()
    assert design.analysis.summary == "conditional hazard ratio"
    alone = analyse_trials(observe(_design(more="analysis: {method: cox}\n"), trials, 1.0))
    assert (found.std_error > alone.std_error * 0.99).all()


@pytest.mark.parametrize(
    ("endpoint", "more", "words"),
    [
        (TIME, "analysis: {method: unadjusted}", "is a time, which unadjusted does not compare"),
        ("variable: live_birth, endpoint_month: 24", "analysis: {method: cox}",
         "cox compares times"),
        (TIME, "analysis: {method: rmst, strata: [site]}", "rmst takes neither"),
        (TIME, "analysis: {method: log-rank, covariates: [age_years]}", "log-rank takes strata"),
        (f"{TIME}, stopped_couples: censored", "analysis: {method: rmst}", "restricted means need"),
        ("variable: live_birth, endpoint_month: 24, stopped_couples: censored", "",
         "stopped_couples goes with times"),
        ("variable: time_to_live_birth, endpoint_month: 0", "", "follow-up of a time"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(endpoint: str, more: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        _design(endpoint, f"{more}\n")


def test_reports_and_monitoring_speak_of_times() -> None:
    part = "dropout: {control_percent: 5, treated_percent: 5}\n"
    design = _design(more=part)
    rows = dict(described(design))
    assert rows["Missing endpoints"].startswith("censored on the day of dropout")
    assert "marginal hazard ratio" in truth_words(design, "patient-level")
    interim = InterimData(
        where="x", rows=(1,), sha256="", events=None, participants=None, estimate=np.array([0.3]),
        std_error=np.array([0.3]), total=np.array([150]),
    )  # fmt: skip
    found = interim_statistics(design, interim, None)
    assert (found.scale, found.planned, found.fraction[0]) == ("log hazard ratio", 300, 0.5)
    assert Assumed(design, (0.1, 0.2)).at(1.0, found.scale) is None
