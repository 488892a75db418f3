"""True effects, computed by hand from potential outcomes, which no estimator has access to."""

import numpy as np
import pytest

from pretese.recovery.design.study_spec import StudyPlan
from pretese.recovery.work.data import imputed, observed, population, under_both_arms
from pretese.recovery.work.known_effects import known_effects, truths_of
from pretese.recovery.work.tasks import ESTIMATES, EstimateTask, TruthTask
from simulate.cohort.draw import draw_cohort
from simulate.scenario.load import load_scenario

COVARIATES = ("diagnosis", "fsh_iu_l", "testis_volume_ml")
SCALES = ("risk difference", "risk ratio", "odds ratio")


def plan(*methods, **changes):
    return StudyPlan(methods=methods, covariates=COVARIATES, scales=SCALES, **changes)


@pytest.fixture(scope="module")
def cohort():
    return draw_cohort(load_scenario("paper"), seed=3, replicates=2, patients=400)


def test_effects_by_hand(cohort):
    y0, y1 = (path.any_sperm[1] for path in cohort.paths)
    found = known_effects(cohort, plan("unadjusted", "iptw-att", "g-computation-atc"))
    gonadotropin_therapy = cohort.gonadotropin_therapy[1]
    p1, p0 = y1.mean(), y0.mean()
    assert found["ate", "risk difference"][1] == pytest.approx(p1 - p0)
    assert found["ate", "risk ratio"][1] == pytest.approx(np.log(p1 / p0))
    odds = p1 / (1 - p1) / (p0 / (1 - p0))
    assert found["ate", "odds ratio"][1] == pytest.approx(np.log(odds))
    treated, untreated = (
        y1[gonadotropin_therapy].mean() - y0[gonadotropin_therapy].mean(),
        y1[~gonadotropin_therapy].mean() - y0[~gonadotropin_therapy].mean(),
    )
    assert found["att", "risk difference"][1] == pytest.approx(treated)
    assert found["atc", "risk difference"][1] == pytest.approx(untreated)


def test_overlap_weights_use_the_true_propensity(cohort):
    e = cohort.propensity[0]
    y0, y1 = (path.any_sperm[0] for path in cohort.paths)
    expected = np.average(y1.astype(float) - y0, weights=e * (1 - e))
    found = known_effects(cohort, plan("iptw-ato"))["ato", "risk difference"][0]
    assert found == pytest.approx(expected)


def test_the_effect_among_operated_patients_is_that_in_patients_operated_either_way(cohort):
    asked = plan("unadjusted", outcome="sperm_retrieved", eligible="micro_tese")
    untreated, treated = cohort.paths
    always = untreated.micro_tese & treated.micro_tese
    assert (population(cohort, asked) == always).all()
    gain = treated.sperm_retrieved[0].astype(float) - untreated.sperm_retrieved[0]
    found = known_effects(cohort, asked)["ate", "risk difference"][0]
    assert found == pytest.approx(gain[always[0]].mean())


def test_a_conditional_truth_is_the_effect_put_in():
    changes = {
        "spermatogenesis.treatment.direct": 0.7,
        "spermatogenesis.treatment.long_infertility": 0,
    }
    scenario = load_scenario("paper", changes)
    asked = StudyPlan(
        methods=("adjusted",), covariates=(*COVARIATES, "testosterone_nmol_l"), scales=SCALES
    )
    table = TruthTask(scenario, {"p": asked})(0, 12).to_pandas()
    mcse = table["value"].std() / np.sqrt(len(table))
    assert set(table["target"]) == {"conditional"}
    assert abs(table["value"].mean() - 0.7) < 3 * mcse + 0.002


def test_without_an_effect_every_truth_is_not_an_effect():
    changes = {
        "spermatogenesis.treatment.direct": 0,
        "spermatogenesis.treatment.long_infertility": 0,
    }
    cohort = draw_cohort(load_scenario("paper", changes), seed=1, replicates=3, patients=300)
    found = known_effects(cohort, plan("unadjusted", "iptw-att", "iptw-ato", "adjusted"))
    for name, value in found.items():
        assert value == pytest.approx(np.zeros(3), abs=1e-9), name


def test_a_truth_needed_twice_is_computed_once():
    asked = plan("unadjusted", "aipw", "iptw-ate", "adjusted")
    assert len(truths_of(asked)) == len(SCALES) + 1


def test_every_patient_is_there_under_both_arms(cohort):
    data = under_both_arms(cohort, plan("unadjusted"))
    assert data.include.all()
    assert (data.treatment.sum(-1) == 400).all()
    assert data.outcome[0, :400] == pytest.approx(cohort.paths[0].any_sperm[0].astype(float))


def test_the_analysed_data_have_the_observed_course_of_each_patient(cohort):
    data = observed(cohort, plan("unadjusted"))
    outcome = np.where(
        cohort.gonadotropin_therapy, cohort.paths[1].any_sperm, cohort.paths[0].any_sperm
    )
    assert (data.outcome[data.include] == outcome[data.include]).all()
    lost = np.isnan(cohort.baseline["fsh_iu_l"])
    assert lost.any()
    assert (data.include == ~lost).all()


def test_imputation_keeps_everyone_and_what_was_known(cohort):
    asked = plan("adjusted", missing={"method": "mice", "imputations": 3, "iterations": 2})
    data = imputed(cohort, asked)
    assert data.include.shape == (2, 3, 400)
    assert data.include.all()
    known = ~np.isnan(cohort.baseline["fsh_iu_l"])
    filled = data.covariates["fsh_iu_l"]
    for each in range(3):
        assert (filled[:, each][known] == cohort.baseline["fsh_iu_l"][known]).all()
    assert (filled[:, 0][~known] != filled[:, 1][~known]).any()


def test_each_conditional_effect_has_the_truth_of_what_it_is_given():
    """An odds ratio moves away from 1 with more covariates; a risk ratio hardly changes."""
    changes = {
        "spermatogenesis.treatment.direct": 0.8,
        "spermatogenesis.treatment.long_infertility": 0,
    }
    cohort = draw_cohort(load_scenario("paper", changes), 4, 1, patients=40_000)
    asked = plan("unadjusted", "adjusted", "ps-covariate-alone", "modified-poisson")
    found = known_effects(cohort, asked)
    marginal, score, given = (
        float(found[target, "odds ratio"][0])
        for target in ("ate", "given the propensity score", "conditional")
    )
    assert 0 < marginal < score < given
    ratios = found["ate", "risk ratio"], found["conditional", "risk ratio"]
    assert float(ratios[1][0]) == pytest.approx(float(ratios[0][0]), abs=0.05)


@pytest.mark.parametrize(
    "missing", ["complete-case", {"method": "mice", "imputations": 2, "iterations": 2}]
)
def test_a_replicate_is_the_same_however_the_run_is_cut(missing):
    groups = {
        "cause": {"by": "diagnosis"},
        "fsh": {"by": "fsh_iu_l", "cut": "> 30"},  # few patients: the terms in their model vary
    }
    asked = plan(
        "adjusted", "aipw", "matching",
        missing=missing, subgroups=groups, matching={"focal": "untreated"},
    )  # fmt: skip
    task = EstimateTask(load_scenario("paper"), 150, 9, {"p": asked})
    whole, part = task(0, 8).to_pandas(), task(5, 3).to_pandas()
    later = whole[whole["replicate"] >= 5]
    order = ["method", "scale", "replicate"]
    frames = [
        frame.astype({"plan": str, "method": str, "scale": str}).sort_values(order)
        for frame in (later, part)
    ]
    for field in ESTIMATES.names:
        one, two = (frame[field].to_numpy() for frame in frames)
        assert np.array_equal(one, two, equal_nan=field not in ("plan", "method", "scale")), field
