"""Additive interaction against R: epiR 2.0.57 (delta), interactionR (MOVER), boot."""

import numpy as np
import pytest

from estimate.heterogeneity.additive import (
    AdditiveInteraction,
    additive_interaction,
    interaction_coefficients,
    recode,
)
from estimate.heterogeneity.risk_interaction import bootstrap_reri, risk_interaction
from simulate.core.coding import BASELINE

MODEL_3 = [*BASELINE[:3], "diagnosis", *BASELINE[4:]]
RISK_FACTORS = {
    "age_lt35": lambda x: x["age_years"] < 35,
    "dur_gt3": lambda x: x["infertility_duration_years"] > 3,
    "bmi_gt24": lambda x: x["bmi_kg_m2"] > 24,
    "vol_gt6": lambda x: x["testis_volume_ml"] > 6,
    "nonidio": lambda x: x["diagnosis"] > 0,
    "t_gt": lambda x: x["testosterone_nmol_l"] > np.median(x["testosterone_nmol_l"]),
}


def agree(ours: AdditiveInteraction, r: dict) -> None:
    pairs = {
        "OR10": ours.ratio10,
        "OR01": ours.ratio01,
        "OR11": ours.ratio11,
        "RERI": ours.reri.estimate,
        "se": ours.reri.std_error,
        "p_delta": ours.reri.p_value,
        "AP": ours.ap.estimate,
        "AP_se": ours.ap.std_error,
        "S": ours.synergy.estimate,
    }
    for name, value in pairs.items():
        assert value == pytest.approx(r[name], rel=1e-8), name
    limits = {
        "delta_ci": (ours.reri.conf_low, ours.reri.conf_high),
        "AP_ci": (ours.ap.conf_low, ours.ap.conf_high),
        "mover_ci": (ours.mover_low, ours.mover_high),
    }
    for name, pair in limits.items():
        assert [float(v) for v in pair] == pytest.approx(r[name], rel=1e-8), name


@pytest.mark.parametrize("name", RISK_FACTORS)
def test_interaction_from_the_printed_coefficients(r_output, name: str) -> None:
    r = r_output("g09_reri")["adjusted"][name]
    ours = additive_interaction(r["beta"], r["V"])
    agree(ours, r)
    assert bool(ours.preventive) == (min(r["OR10"], r["OR01"]) < 1)
    epi = r["epiR"]
    assert ours.reri.conf_low == pytest.approx(epi["reri"][1], rel=1e-8)
    assert ours.ap.conf_high == pytest.approx(epi["ap"][2], rel=1e-8)
    low, high = epi["s"][1:]
    if low is None:
        assert np.isnan([ours.synergy.conf_low, ours.synergy.conf_high]).all()
    else:
        # One synergy index has log limits of +-34, which amplify rounding errors.
        tolerance = 1e-8 if high < 1e3 else 1e-6
        assert ours.synergy.conf_low == pytest.approx(low, rel=tolerance)
        assert ours.synergy.conf_high == pytest.approx(high, rel=tolerance)
    if isinstance(r["interactionR_mover"], list):
        printed = r["interactionR_mover"][-1]
        assert (ours.mover_low, ours.mover_high) == pytest.approx(
            (printed["CI.ll"], printed["CI.ul"]), rel=1e-8
        )


@pytest.mark.parametrize("name", RISK_FACTORS)
def test_interaction_recoded_to_the_lowest_risk(r_output, name: str) -> None:
    r = r_output("g09_reri")["adjusted"][name]
    coef, cov, chosen = recode(r["beta"], r["V"])
    assert "".join(str(int(v)) for v in chosen) == r["recoded"]["ref"]
    agree(additive_interaction(coef, cov), r["recoded"])


@pytest.mark.parametrize("name", RISK_FACTORS)
def test_interaction_from_patient_data(cohort, r_output, name: str) -> None:
    r = r_output("g09_reri")["adjusted"][name]
    covariates = [c for c in MODEL_3 if (name, c) != ("nonidio", "diagnosis")]
    coef, cov = interaction_coefficients(cohort, RISK_FACTORS[name](cohort.covariates), covariates)
    assert coef == pytest.approx(np.array(r["beta"]), rel=1e-6)
    assert cov == pytest.approx(np.array(r["V"]), rel=1e-6)


def test_risks_without_covariates(cohort, r_output) -> None:
    r = r_output("g09_reri")["unadjusted_dur"]
    longer = cohort.covariates["infertility_duration_years"] > 3
    ours = risk_interaction(cohort, longer, [])
    assert ours.risks == pytest.approx(np.array(r["p"]), rel=1e-8)
    assert ours.contrast.estimate == pytest.approx(r["IC"], rel=1e-8)
    assert ours.contrast.std_error == pytest.approx(r["IC_se"], rel=1e-8)
    assert ours.on_ratios.reri.estimate == pytest.approx(r["RERI_RR"], rel=1e-8)


def test_bootstrap(cohort, r_output) -> None:
    """Statistical: limits within 10 % of the interval's width."""
    r = r_output("g09_reri")["unadjusted_dur"]
    longer = cohort.covariates["infertility_duration_years"] > 3
    ours = bootstrap_reri(cohort, longer, np.random.default_rng(1), [], resamples=4000)
    assert ours.estimate == pytest.approx(r["RERI_OR"], rel=1e-8)
    low, high = r["boot_percentile"]
    assert ours.conf_low == pytest.approx(low, abs=0.1 * (high - low))
    assert ours.conf_high == pytest.approx(high, abs=0.1 * (high - low))
    assert ours.std_error == pytest.approx(r["boot_se"], rel=0.1)
