"""The rows of a design on the page of a power study."""

from dataclasses import fields

import numpy as np
import pytest

import pretese
from pretese import shipped
from pretese.api.trials.designs import Design
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.measures.trial_means import sd_measure
from pretese.trial.power.additional_measures import sate_performance
from pretese.trial.power.runner import simulation_record
from pretese.trial.report.chapters import about, plan_and_run, truth_words
from pretese.trial.report.data_generation import configurations, parameter_rows
from pretese.trial.report.design_words import described
from pretese.trial.report.statements import access_words, harm_words, limits
from pretese.trial.simulation.trial_results import Outcomes
from protocol.reading.documents import validate
from protocol.regimen.load import load_regimen

SUPERIOR = read_design("superiority-any-sperm")[0]
PLAIN = read_design("re-estimation")[0]


def changed(design, **changes):
    return validate({**design.model_dump(exclude_defaults=True), **changes}, DesignFile, "test")


def outcomes(estimate, half, target, control=(), treated=()):
    known = {f.name: np.ones(len(estimate)) for f in fields(Outcomes) if f.default is not None}
    known |= {
        "estimate": np.array(estimate),
        "conf_low": np.array(estimate) - half,
        "conf_high": np.array(estimate) + half,
        "target": np.array(target),
        "risk_control": np.array(control or target),
        "risk_treated": np.array(treated or target),
    }
    return Outcomes(**known)


def test_estimates_are_compared_with_the_sample_effect():
    # Errors 0.02, 0, -0.06 and none; half-widths 0.05; a trial without an estimate is excluded.
    found = sate_performance(
        SUPERIOR, outcomes([0.12, 0.1, 0.06, np.nan], 0.05, [0.1, 0.1, 0.12, 0.08])
    )
    assert found["sate_bias"].value == pytest.approx(-0.04 / 3)
    assert (found["sate_coverage"].value, found["sate_coverage"].n) == (pytest.approx(2 / 3), 3)
    assert found["sate_sd"].value == pytest.approx(np.std([0.1, 0.1, 0.12, 0.08], ddof=1))
    one = sd_measure(np.array([0.1, 0.1, 0.12, 0.08]))
    assert float(found["sate_sd"].mcse) == pytest.approx(float(one.mcse))


def test_a_marginal_odds_ratio_has_its_own_effects_and_a_conditional_one_has_none():
    known = outcomes([0.7, 0.6], 0.01, [0.0, 0.0], control=[0.2, 0.5], treated=[1 / 3, 0.5])
    marginal = sate_performance(changed(SUPERIOR, analysis={"method": "logistic"}), known)
    # Odds 1/4 and 1/2: their ratio is 2; then none.
    assert marginal["sate_bias"].value == pytest.approx((0.7 - np.log(2) + 0.6) / 2)
    assert marginal["sate_coverage"].value == 0.5
    conditional = {"method": "logistic", "covariates": ["age_years"]}
    found = sate_performance(changed(SUPERIOR, analysis=conditional), known)
    assert all(np.isnan(each.value) for each in found.values())
    counted = sate_performance(PLAIN, known, patient_level=False)
    assert all(np.isnan(each.value) for each in counted.values())


def states(design, effects=(0.0, 100.0), axes=None, tornado=None, interpolation=None):
    document = {
        "points": [{"effect_percent": each} for each in effects],
        "sensitivity": axes and {"axes": axes},
        "tornado": tornado,
        "interpolation": interpolation,
    }
    rows = configurations(design, scenario_of(design), document)
    assert all(why for _, _, why in rows)
    return {state: what for state, what, _ in rows}


def test_interpolated_sizes_are_reported_with_their_error_or_the_reason_for_none():
    curve = {
        "simulated_sizes": [60, 100], "line_scale": "a line", "not_interpolated": None,
        "interpolated": [
            {"participants": 80, "effect_percent": 100.0, "power": 0.8213, "power_error": 0.0138},
        ],
    }  # fmt: skip
    words = states(PLAIN, interpolation=curve)["Further sample sizes"]
    assert words.startswith("Interpolated from 60, 100 participants: a line.")
    assert words.endswith("80 participants, 100 % of the effect: 82.1 (1.4) %")
    refused = states(PLAIN, interpolation=curve | {"not_interpolated": "power falls"})
    assert refused["Further sample sizes"] == "simulated, not interpolated: power falls"
    assert "Further sample sizes" not in states(PLAIN)


def test_every_data_generating_mechanism_is_reported_to_be_simulated_or_not():
    bare = states(SUPERIOR)
    assert [name for name, what in bare.items() if what.startswith("not simulated")] == [
        "Intermediate effects",
        "Sensitivity grid, with and without effect",
        "One assumption at a time",
        "Calendar-time trend",
    ]
    full = states(
        changed(SUPERIOR, analysis={"method": "g-computation-randomised", "strata": ["diagnosis"]}),
        effects=(0.0, 50.0, 100.0), axes={"calendar_trend": [-0.2, 0.2]}, tornado={"screened": 60},
    )  # fmt: skip
    assert not [name for name, what in full.items() if what.startswith("not simulated")]
    assert full["Intermediate effects"] == "50 % of the effect"
    assert full["Calendar-time trend"] == "-0.2, 0.2 log odds per 12 months in the grid"
    assert full["Misspecified model"].startswith("simulated throughout: the model of")
    assert states(PLAIN)["No effect, prognostic covariates"] == (
        "not applicable: event rates are fixed"
    )
    assert "give calendar_trend" not in states(PLAIN)["Calendar-time trend"]


@pytest.mark.parametrize(
    "name", [each for each in shipped().designs if type(pretese.design(each)) is Design]
)
def test_every_shipped_design_is_described(name):
    design = read_design(name)[0]
    rows = dict(described(design))
    assert all(rows.values())
    assert rows["Randomisation"].startswith(design.randomisation.method)
    assert all(words.endswith(".") for words in limits(design))


def test_arms_are_described_by_the_titles_of_their_regimens_and_analyses_in_words():
    design = read_design("superiority-any-sperm")[0]
    title = load_regimen("fsh-guided").title
    assert f"treated: {title} (fsh-guided), semen" in dict(described(design))["Arms"]
    several = dict(described(read_design("three-endpoints")[0]))
    assert "comparison of two proportions without covariates" in several["Secondary endpoint"]


def test_procedures_of_several_endpoints_are_reported_as_graphs():
    rule = dict(described(read_design("three-endpoints")[0]))["Multiplicity"]
    assert rule == (
        "fixed sequence: any sperm has 100 % of alpha, passed on as 100 % to retrieval; "
        "retrieval has 0 % of alpha, passed on as 100 % to live birth; live birth "
        "has 0 % of alpha"
    )


def test_a_principal_stratum_is_estimated_in_all_participants():
    stratum = {
        "variable": "sperm_retrieved", "sperm_in_ejaculate": "principal stratum",
        "endpoint_month": 4,
    }  # fmt: skip
    for endpoint, message in (
        (stratum, "all participants randomised"),
        ({**stratum, "sperm_in_ejaculate": "excluded"}, "operated participants"),
    ):
        rows = dict(described(changed(SUPERIOR, endpoint=endpoint)))
        assert rows["Analysis set"] == f"{message}, as randomised, dropouts excluded"
    failures = {"endpoint_month": 4, "missing": "failure", "treatment_switching": "excluded"}
    assert dict(described(changed(SUPERIOR, endpoint=failures)))["Analysis set"] == (
        "all participants randomised, as randomised; dropouts count as failures; participants who "
        "switched treatment excluded"
    )


def test_the_design_file_may_say_who_wrote_it_and_when_and_draws_the_same_participants():
    signed = changed(SUPERIOR, version="2", author="A statistician", date="2026-05-04")
    document = {"design_sha256": "abc", "regimens": {"own": {"version": "1.2.0", "sha256": "def"}}}
    rows = dict(about(signed, document))
    assert (rows["Version"], rows["Author"], rows["Date"]) == ("2", "A statistician", "2026-05-04")
    assert rows["Regimen own 1.2.0"] == "def"
    assert dict(about(SUPERIOR, document))["Date"] == "not stated in the design file"
    scenario = scenario_of(SUPERIOR)
    assert simulation_record(signed, scenario) == simulation_record(SUPERIOR, scenario)


def test_the_request_is_shown_with_the_plan():
    document = {
        "points": [
            {"participants": participants, "effect_percent": e}
            for participants in (400, 500)
            for e in (0.0, 100.0)
        ],
        "sensitivity": {"axes": {"dropout": [0, 20]}},
        "decision": {"verdict": "no-go"},
    }
    study = {"asked": {"target_power": 0.9}, "changed": {"behaviour.missed_share": 0.1}}
    rows = {name: (plan, run) for name, plan, run in plan_and_run(SUPERIOR, document, study)}
    assert rows["participants"] == ("600", "400, 500")
    assert rows["required sample size"] == ("none", "for a power of 0.9")
    assert rows["effects, %"] == ("0, 50, 100", "0, 100")
    assert rows["sensitivity analyses"] == ("none", "dropout: 0, 20")
    assert rows["numbers of the scenario"] == ("as in its file", "behaviour.missed_share 0.1")
    assert rows["decision"] == ("rule in the file", "no-go")


def test_numbers_of_the_design_precede_those_of_the_scenario_with_their_sources():
    design = read_design("minimisation-eight-sites")[0]
    rows = parameter_rows(design, scenario_of(design))
    assert rows[0][:4] == ("site_sd", "0.4", "log odds", "assumed, 0 to 1")
    assert len(rows) == 1 + len(parameter_rows(SUPERIOR, scenario_of(SUPERIOR)))
    assert parameter_rows(PLAIN, None) == []


def test_the_report_states_how_a_true_effect_was_determined():
    assert truth_words(SUPERIOR, "patient-level").startswith("the mean of both potential outcomes")
    assert "exact, from the event rates" in truth_words(PLAIN, "binomial")
    given = {"method": "logistic", "covariates": ["age_years"]}
    assert "16 simulated trials of 8,192 patients" in truth_words(
        changed(SUPERIOR, analysis=given), "patient-level"
    )


def test_harm_and_access_to_interim_results_are_stated():
    fixed, _ = read_design("superiority-any-sperm")
    sequential, _ = read_design("three-analyses")
    assert "Adverse events are not simulated" in harm_words(fixed)
    assert "no harm boundary" in harm_words(sequential)
    plan = sequential.monitoring.model_copy(update={"harm": "OF", "harm_alpha_percent": 1.0})
    harmful = sequential.model_copy(update={"monitoring": plan})
    assert "harm boundary (OF, one-sided 1 %)" in harm_words(harmful)
    assert access_words(fixed) == ""
    assert "only the data monitoring committee" in access_words(sequential)
