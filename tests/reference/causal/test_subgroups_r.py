"""Subgroups against R: glm, anova(test = "LRT"), MASS profile limits, p.adjust."""

import numpy as np
import pytest

from estimate.core.analysis_set import AnalysisSet
from estimate.heterogeneity.subgroups import (
    Subgroups,
    adjust_p_values,
    interaction_test,
    subgroup_effects,
)
from simulate.core.coding import BASELINE

MODEL_3 = [*BASELINE[:3], "diagnosis", *BASELINE[4:]]
EVERYTHING = [*MODEL_3, "testis_volume_ml"]
#: Which patients are the second subgroup.
SECOND = {
    "age": lambda x: x["age_years"] >= 35,
    "dur": lambda x: x["infertility_duration_years"] > 3,
    "bmi": lambda x: x["bmi_kg_m2"] > 24,
    "vol": lambda x: x["testis_volume_ml"] > 6,
    "nonidio": lambda x: x["diagnosis"] > 0,
    "lh": lambda x: x["lh_iu_l"] > np.median(x["lh_iu_l"]),
    "fsh": lambda x: x["fsh_iu_l"] > np.median(x["fsh_iu_l"]),
    "t": lambda x: x["testosterone_nmol_l"] > np.median(x["testosterone_nmol_l"]),
}


def effects(cohort: AnalysisSet, name: str) -> Subgroups:
    group = SECOND[name](cohort.covariates).astype(int)
    # "Not idiopathic" replaces the diagnosis.
    covariates = [c for c in MODEL_3 if (name, c) != ("nonidio", "diagnosis")]
    return subgroup_effects(cohort, group, ["first", "second"], covariates)


@pytest.mark.parametrize("name", SECOND)
def test_two_subgroups(cohort, r_output, name: str) -> None:
    r = r_output("g08_subgroup_interaction")["adjusted"][name]
    ours = effects(cohort, name)
    assert ours.interaction.likelihood_ratio == pytest.approx(r["lrt"], rel=1e-6)
    assert ours.interaction.p_value == pytest.approx(r["p_lrt"], rel=1e-6)
    assert ours.interaction.wald == pytest.approx(r["wald_z"] ** 2, rel=1e-6)
    assert ours.interaction.wald_p_value == pytest.approx(r["wald_p"], rel=1e-6)
    assert ours.heterogeneity_p == pytest.approx(r["altman_bland_p_from_strata"], rel=1e-6)
    for g in (0, 1):
        alone, together = ours.separate[g], ours.joint[g]
        stratum, joint = r["stratified"][g], r["joint_model"][str(g)]
        assert alone.n == stratum["n"]
        assert ours.events[g].sum() == stratum["events"]
        counts = np.stack([ours.patients[g] - ours.events[g], ours.events[g]], -1)
        assert counts.tolist() == stratum["counts"]
        assert np.log(alone.estimate) == pytest.approx(stratum["log_or"], rel=1e-6)
        assert alone.std_error == pytest.approx(stratum["se"], rel=1e-6)
        # MASS interpolates the profile with a spline: up to 1.2e-4 off in the stratum of 128
        # patients. `test_models_r` checks that our limits are roots of the likelihood ratio.
        limits = np.log([alone.conf_low, alone.conf_high])
        assert limits == pytest.approx(np.array(stratum["profile_ci"]), abs=1.5e-4)
        assert np.log(together.estimate) == pytest.approx(joint["log_or"], rel=1e-6)
        assert together.std_error == pytest.approx(joint["se"], rel=1e-6)


def test_four_diagnoses_together(cohort, r_output) -> None:
    r = r_output("g08_subgroup_interaction")["dx4"]
    labels = cohort.kinds["diagnosis"].levels
    ours = subgroup_effects(cohort, cohort.covariates["diagnosis"], labels, EVERYTHING).interaction
    assert ours.df == r["df"]
    assert ours.likelihood_ratio == pytest.approx(r["lrt"], rel=1e-6)
    assert ours.p_value == pytest.approx(r["p"], rel=1e-6)


def test_a_continuous_modifier(cohort, r_output) -> None:
    r = r_output("g08_subgroup_interaction")["dur_cont"]
    duration = cohort.covariates["infertility_duration_years"][:, None]
    ours = interaction_test(cohort, duration, EVERYTHING)
    assert ours.df == r["df"]
    assert ours.likelihood_ratio == pytest.approx(r["lrt"], rel=1e-6)
    assert ours.p_value == pytest.approx(r["p"], rel=1e-6)


@pytest.mark.parametrize(
    ("correction", "key"),
    [("Holm", "holm"), ("Benjamini-Hochberg", "bh"), ("Bonferroni", "bonferroni")],
)
def test_multiplicity(r_output, correction, key: str) -> None:
    r = r_output("g08_subgroup_interaction")["multiplicity"]
    assert adjust_p_values(r["p"], correction) == pytest.approx(np.array(r[key]), rel=1e-12)
