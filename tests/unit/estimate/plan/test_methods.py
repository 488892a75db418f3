"""The registry of methods: a name selects the same estimator in every command."""

import numpy as np
import pandas as pd
import pytest

import pretese as pt
from estimate.comparison.contingency import unadjusted
from estimate.methods.method import Method
from estimate.methods.offered_methods import methods_of
from estimate.methods.registry import METHODS
from estimate.methods.run_method import run_method
from estimate.methods.shared_work import Work
from estimate.plan.analyse import analyse
from estimate.plan.choices import written_kind
from estimate.plan.spec import Plan
from pretese.recovery.design.study_spec import StudyPlan, covariate_kind
from pretese.recovery.work.data import observed
from pretese.recovery.work.methods import carry_out, methods_and_scales, work_of
from pretese.recovery.work.tasks import EstimateTask
from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.design.design_file import DesignFile
from pretese.trial.simulation import arm_comparison
from protocol.errors import InputError
from protocol.reading.documents import validate
from simulate.cohort.draw import draw_cohort
from simulate.core.coding import DIAGNOSES
from tests.support.paper import paper

COVARIATES = ("diagnosis", "fsh_iu_l", "testis_volume_ml", "testosterone_nmol_l")
SCALES = ("risk difference", "risk ratio", "odds ratio")
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "n")
SHARED = tuple(name for name in methods_of("analyse") if name in methods_of("recover"))

#: Matching options that both commands accept.
MATCHING = ({"focal": "untreated"}, {"focal": "untreated", "order": "closest", "on": "score"})


def written_down(cohort, replicate, outcome="any_sperm"):
    """Return one replicate as a table in the format of a clinic's export."""
    return {
        "gonadotropin_therapy": cohort.gonadotropin_therapy[replicate],
        outcome: cohort.observed(outcome)[replicate],
        "diagnosis": np.array(DIAGNOSES, object)[cohort.patients.diagnosis[replicate]],
        **{name: cohort.baseline[name][replicate] for name in COVARIATES[1:]},
    }


def plan_of(methods, **changes):
    kinds = {name: covariate_kind(name) for name in COVARIATES}
    return Plan(
        treatment="gonadotropin_therapy",
        outcome="any_sperm",
        covariates=kinds,
        methods=methods,
        **changes,
    )


@pytest.mark.parametrize("matching", MATCHING)
def test_a_method_gives_the_same_numbers_in_analyse_and_recover(matching):
    plan = StudyPlan(covariates=COVARIATES, methods=SHARED, scales=SCALES, matching=matching)
    cohort = draw_cohort(paper(), 5, 3)
    work = work_of(cohort, plan)
    batch = [(name, each) for name in SHARED for each in carry_out(work, name, SCALES)]
    assert [(name, each.scale) for name, each in batch] == list(methods_and_scales(plan))
    for replicate in range(3):
        alone = analyse(written_down(cohort, replicate), plan_of(SHARED, matching=matching))
        single = {(each.method, each.scale): each for each in alone.estimates}
        for name, each in batch:
            for number in NUMBERS:
                expected = float(getattr(single[name, each.scale], number))
                found = getattr(each, number)[replicate]
                assert found == pytest.approx(expected, rel=1e-9), (name, each.scale, number)


def test_recover_exports_the_estimates_of_its_methods():
    choice = {"focal": "untreated"}
    plan = StudyPlan(covariates=COVARIATES, methods=SHARED, scales=SCALES, matching=choice)
    table = EstimateTask(paper(), None, 5, {"own": plan})(0, 1).to_pandas()
    alone = analyse(written_down(draw_cohort(paper(), 5, 1), 0), plan_of(SHARED, matching=choice))
    single = {(each.method, each.scale): each for each in alone.estimates}
    for _, row in table.iterrows():
        for number in NUMBERS:  # exported numbers are rounded
            expected = float(getattr(single[row["method"], row["scale"]], number))
            assert row[number] == pytest.approx(expected, rel=1e-5), (row["method"], number)


def test_the_interface_gives_the_numbers_of_both_engines():
    """`pretese.analyse` estimates one replicate; `pretese.recover` averages over replicates."""
    choice = {"focal": "untreated"}
    plan = pt.plan(
        {
            "treatment": "gonadotropin_therapy", "outcome": "any_sperm", "methods": SHARED,
            "matching": choice,
            "covariates": {name: written_kind(covariate_kind(name)) for name in COVARIATES},
        }
    )  # fmt: skip
    cohort = draw_cohort(paper(), 5, 2)
    patients = [pd.DataFrame(written_down(cohort, replicate)) for replicate in range(2)]
    tables = [pt.analyse(each, plan, progress=False).estimates for each in patients]
    engine = analyse(written_down(cohort, 0), plan_of(SHARED, matching=choice))
    assert list(tables[0]["estimate"]) == pytest.approx(
        [float(e.estimate) for e in engine.estimates]
    )

    found = pt.recover(
        "paper", plan, replicates=2, seed=5, truth_patients=1000, workers=1, progress=False
    )
    rows = found.performance
    means = rows[(rows["against"] == "PATE") & (rows["measure"] == "model_se")]
    both = pd.concat(tables)
    for _, row in means.iterrows():
        mine = both[(both["method"] == row["method"]) & (both["scale"] == row["scale"])]
        expected = np.sqrt((mine["std_error"] ** 2).mean())
        assert row["value"] == pytest.approx(expected, rel=1e-4), (row["method"], row["scale"])


def test_the_comparison_without_covariates_uses_the_same_patients_where_others_are_imputed():
    missing = {"method": "mice", "imputations": 2, "iterations": 1}
    plan = StudyPlan(covariates=COVARIATES, methods=("unadjusted",), scales=SCALES, missing=missing)
    table = EstimateTask(paper(), 80, 5, {"own": plan})(0, 1).to_pandas().set_index("scale")
    patients = written_down(draw_cohort(paper(), 5, 1, patients=80), 0)
    for each in analyse(patients, plan_of(("unadjusted",), missing=missing)).estimates:
        row = table.loc[each.scale]
        for number in NUMBERS:
            assert row[number] == pytest.approx(float(getattr(each, number)), rel=1e-5), number


def trial(method, covariates):
    found = {
        "id": "same", "title": "t", "question": "q", "participants": 300, "scenario": "rct-two-arm",
        "randomisation": {"method": "simple"},
        "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [60]}],
        "endpoint": {"endpoint_month": 4},
        "analysis": {"method": method, "covariates": list(covariates)},
    }  # fmt: skip
    return validate(found, DesignFile, "design")


@pytest.mark.parametrize(
    ("method", "name", "covariates"),
    [
        ("g-computation-randomised", "g-computation-randomised", ("age_years", "testis_volume_ml")),
        ("logistic", "adjusted", ("age_years", "testis_volume_ml")),
        ("unadjusted", "unadjusted", ()),
        ("risk-ratio", "risk-ratio", ()),
        ("fisher", "fisher", ()),
        ("fisher-mid-p", "fisher-mid-p", ()),
        ("barnard", "barnard", ()),
        ("boschloo", "boschloo", ()),
    ],
)
def test_power_finds_what_analyse_finds_in_the_same_patients(method, name, covariates):
    design = trial(method, covariates)
    data = observe(design, draw_trials(design, scenario_of(design), 3, 300, 2), 1.0)
    ours = arm_comparison.analyse_trials(data)
    for replicate in range(2):
        patients = {"arm": data.arm[replicate], "y": data.outcome[replicate]}
        patients |= {each: data.baseline[each][replicate] for each in covariates}
        kinds = dict.fromkeys(covariates, "numeric")
        plan = Plan(treatment="arm", outcome="y", covariates=kinds, methods=(name,))
        found = next(each for each in analyse(patients, plan).estimates if each.scale == ours.scale)
        assert ours.estimate[replicate] == pytest.approx(float(found.estimate), rel=1e-6)
        if method == name:
            assert ours.std_error[replicate] == pytest.approx(float(found.std_error), rel=1e-6)
            assert ours.p_value[replicate] == pytest.approx(float(found.p_value), rel=1e-5)


@pytest.mark.parametrize("name", [name for name in methods_of("analyse") if name != "gee"])
def test_an_estimator_that_is_called_by_itself_labels_its_result_as_plans_do(name):
    cohort = draw_cohort(paper(), 5, 2)
    plan = StudyPlan(covariates=COVARIATES, methods=("unadjusted",))
    work = Work(observed(cohort, plan), choices=plan_of(("unadjusted",)).choices, replicates=True)
    assert {each.method for each in run_method(METHODS[name], work)} == {name}


def test_every_method_of_trials_can_be_run():
    assert set(arm_comparison._RUNS) == set(methods_of("power"))


def test_methods_of_a_table_and_of_studies_have_a_computation():
    for name in (*methods_of("analyse"), *methods_of("recover")):
        assert METHODS[name].run is not None
    with pytest.raises(ValueError, match="mixed is a method of trials"):
        run_method(METHODS["mixed"], None)


def test_a_method_that_one_command_does_not_offer_states_why():
    for name, method in METHODS.items():
        if not {"analyse", "recover"} <= method.offered:
            assert method.reason, name


def test_an_unknown_method_names_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'matching'"):
        plan_of(("matchin",))
    with pytest.raises(
        ValueError, match="`pretese recover` alone offers it, because it is included"
    ):
        plan_of(("iptw-ate-naive",))


def test_the_two_readings_of_the_score_as_a_covariate_differ():
    patients = written_down(draw_cohort(paper(), 5, 1), 0)
    both = analyse(patients, plan_of(("ps-covariate", "ps-covariate-alone"))).estimates
    assert "testis_volume_ml" in both[0].estimand.summary
    assert both[1].estimand.summary == "conditional odds ratio given the propensity score"
    assert abs(np.log(both[0].estimate / both[1].estimate)) > 0.01


def test_a_replicate_with_too_few_partners_does_not_converge_and_a_table_is_refused():
    choice = {"focal": "treated"}
    plan = StudyPlan(covariates=COVARIATES, methods=("matching",), matching=choice)
    cohort = draw_cohort(paper(), 5, 2)
    table = EstimateTask(paper(), None, 5, {"own": plan})(0, 2).to_pandas()
    assert (cohort.gonadotropin_therapy.sum(1) > 569 / 2).all()
    assert table["estimate"].isna().all()
    with pytest.raises(InputError, match="treated patients for"):
        analyse(written_down(cohort, 0), plan_of(("matching",), matching=choice))


def test_a_new_estimator_is_one_entry_of_the_registry(monkeypatch):
    """Both commands run a newly registered method without changes to other files."""
    half = Method(
        "unadjusted-again",
        "the unadjusted comparison",
        METHODS["unadjusted"].provenance,
        lambda work: unadjusted(work.observed),
    )
    monkeypatch.setitem(METHODS, half.name, half)
    patients = written_down(draw_cohort(paper(), 5, 1), 0)
    found = analyse(patients, plan_of(("unadjusted", "unadjusted-again"))).estimates
    assert [each.estimate for each in found[:3]] == [each.estimate for each in found[3:]]
    plan = StudyPlan(covariates=COVARIATES, methods=("unadjusted-again",))
    rows = EstimateTask(paper(), 100, 5, {"own": plan})(0, 2).to_pandas()
    assert set(rows["method"]) == {"unadjusted-again"}
    assert rows["sate"].notna().all()
