"""Mediation against R: plug-in effects from glm, draws integrated exactly, and mediate() 4.5.1."""

import numpy as np
import pytest

from estimate.core.analysis_set import AnalysisSet
from estimate.core.design_matrix import design_matrix
from estimate.mediation.effects import Mediation
from estimate.mediation.mediation_analysis import mediate
from simulate.core.coding import BASELINE

NUMBERS = list(BASELINE)
#: Exposure, the characteristic that it replaces, and whether it interacts with treatment.
SETS = {
    "nonidio": (lambda x: x["diagnosis"] > 0, "diagnosis", False),
    "nonidio_interaction": (lambda x: x["diagnosis"] > 0, "diagnosis", True),
    "age35": (lambda x: x["age_years"] >= 35, "age_years", False),
    "bmi24": (lambda x: x["bmi_kg_m2"] > 24, "bmi_kg_m2", False),
    "vol6": (lambda x: x["testis_volume_ml"] > 6, "testis_volume_ml", False),
    "nonidio_nocov": (lambda x: x["diagnosis"] > 0, None, False),
}
DRAWS = 40_000
THEIRS = {
    "acme_c": "acme_0",
    "acme_t": "acme_1",
    "ade_c": "ade_0",
    "ade_t": "ade_1",
    "total": "total",
    "prop_c": "proportion_0",
    "prop_t": "proportion_1",
    "acme": "acme",
    "ade": "ade",
    "prop": "proportion",
}


def analyse(cohort: AnalysisSet, name: str, draws: int) -> Mediation:
    group, replaced, interaction = SETS[name]
    covariates = [c for c in NUMBERS if c != replaced] if replaced else []
    return mediate(
        group(cohort.covariates),
        cohort.treatment,
        cohort.outcome,
        np.random.default_rng(20220101),
        names=(name, "therapy", "sperm_retrieved"),
        covariates=design_matrix(cohort, covariates, treatment=False).X[..., 1:],
        interaction=interaction,
        draws=draws,
    )


@pytest.mark.parametrize("name", SETS)
def test_plug_in_effects(cohort, r_output, name: str) -> None:
    r = r_output("g14_mediation")[name]["plugin"]
    ours = analyse(cohort, name, draws=10)
    for theirs, effect in THEIRS.items():
        assert ours.effects[effect].plug_in == pytest.approx(r[theirs], rel=1e-8), theirs


@pytest.mark.parametrize("name", SETS)
def test_quasi_bayesian_draws(cohort, r_output, name: str) -> None:
    """Indirect effects within 0.002, the rest within four Monte Carlo errors of both programs.

    R's values rest on some 10,000 draws (all but one of its p-values are multiples of 0.0002).
    """
    r = r_output("g14_mediation")[name]["quasi_bayes_exact_M"]
    ours = analyse(cohort, name, draws=DRAWS)
    for theirs, effect in THEIRS.items():
        got = ours.effects[effect]
        share, sd = r["p"][theirs] / 2, r["sd"][theirs]
        four = 4 * np.sqrt(1 / 10_000 + 1 / DRAWS)
        slack = max(0.015, four * 2 * np.sqrt(share * (1 - share)))
        assert got.p_value == pytest.approx(r["p"][theirs], abs=slack), theirs
        if effect.startswith("proportion") and sd > 0.1:
            # The total effect is near 0 in some draws: no moments exist and limits are unstable.
            continue
        # A 2.5 % quantile of normal draws has 2.67 times the error of their mean.
        slack = max(0.002, four * 2.67 * sd) if "acme" not in effect else 0.002
        for ours_value, key in [
            (got.mean, "mean"),
            (got.median, "median"),
            (got.conf_low, "lo"),
            (got.conf_high, "hi"),
        ]:
            assert ours_value == pytest.approx(r[key][theirs], abs=slack), (theirs, key)
        assert got.std_error == pytest.approx(r["sd"][theirs], rel=0.05), theirs


def test_mediate_adds_noise_by_drawing_the_mediator(cohort, r_output) -> None:
    """R's mediate() draws each mediator: its ACME has a larger spread around the same middle."""
    r = r_output("g14_mediation")["nonidio"]["mediate"]
    ours = analyse(cohort, "nonidio", draws=20_000).effects["acme"]
    assert ours.mean == pytest.approx(r["acme"][0], abs=0.001)
    assert ours.std_error < r["acme_sd"]
    assert ours.p_value == pytest.approx(r["acme"][3], abs=0.03)


def test_a_numeric_mediator(cohort, r_output) -> None:
    """Treatment, testosterone, retrieval, given age; mediate() drew some 1,000 times."""
    r = r_output("g14_mediation")["continuous_mediator"]
    ours = mediate(
        cohort.treatment,
        cohort.covariates["testosterone_nmol_l"],
        cohort.outcome,
        np.random.default_rng(1),
        names=("therapy", "testosterone_nmol_l", "sperm_retrieved"),
        covariates=cohort.covariates["age_years"][:, None],
        draws=4000,
    )
    for effect in ("acme", "ade", "total"):
        got = ours.effects[effect]
        four = 4 * float(got.std_error) * np.sqrt(1 / 1000 + 1 / 4000)
        slack = [four, 2.67 * four, 2.67 * four]
        for value, theirs, most in zip(
            (got.mean, got.conf_low, got.conf_high), r[effect], slack, strict=True
        ):
            assert abs(value - theirs) < most, effect
    assert ours.effects["acme"].conf_low == pytest.approx(r["acme"][1], abs=0.002)
    assert ours.effects["acme"].conf_high == pytest.approx(r["acme"][2], abs=0.002)
