"""Propensity weighting within ten imputations against R: glm, survey 4.1, pROC 1.18, mice::pool."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimate.causal.propensity import c_statistic, propensity
from estimate.causal.weighting import iptw, iptw_adjusted, weights
from estimate.core.analysis_set import AnalysisSet
from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.imputation.rubins_rules import pool, pool_estimates

R = Path(__file__).parents[1] / "r"
DIAGNOSES = ("idiopathic", "cryptorchidism", "orchitis", "azfc")
NUMBERS = ["age", "dur", "bmi", "vol", "lh", "fsh", "t", "e2", "prl"]


@pytest.fixture(scope="module")
def imputed() -> AnalysisSet:
    """The ten completed data sets; the imputation is the leading axis."""
    patients = pd.read_csv(R / "completed10.csv")
    patients["dx"] = pd.Categorical(patients["dx"], DIAGNOSES).codes
    columns = {name: patients[name].to_numpy().reshape(10, 542) for name in patients}
    kinds = {**dict.fromkeys(NUMBERS, Numeric()), "dx": Categorical(DIAGNOSES)}
    return analysis_set(columns, treatment="therapy", outcome="y", covariates=kinds)


def test_weights_and_effects_within_each_imputation(imputed, r_output) -> None:
    r = r_output("g12_pool")["iptw_within"]
    score = propensity(imputed)
    each = iptw(imputed, score, weights(imputed, score), errors="HC0")[2]
    assert np.log(each.estimate) == pytest.approx(np.array(r["per_imputation"]["b"]), rel=1e-6)
    assert each.std_error**2 == pytest.approx(np.array(r["per_imputation"]["v"]), rel=1e-6)
    pooled = pool_estimates(each, df_complete=540)
    assert np.log(pooled.estimate) == pytest.approx(r["qbar"], rel=1e-6)
    assert pooled.std_error**2 == pytest.approx(r["t"], rel=1e-6)
    assert "Rubin, 10 imputations" in pooled.interval


def test_the_published_analysis_within_each_imputation(imputed, r_output) -> None:
    """Stabilised weights and covariates, robust errors."""
    r = r_output("g12_pool")["iptw_within_adj"]
    score = propensity(imputed)
    w = weights(imputed, score, stabilised=True)
    each = iptw_adjusted(imputed, score, w, errors="HC0")
    ours = pool(np.log(each.estimate), each.std_error**2, df_complete=542 - 14)
    for value, name in [
        (ours.estimate, "qbar"),
        (ours.within, "ubar"),
        (ours.between, "b"),
        (ours.total, "t"),
        (ours.df, "df"),
        (ours.fmi, "fmi"),
    ]:
        assert value == pytest.approx(r[name], rel=1e-5), name


def test_the_score_averaged_across_imputations(imputed, r_output) -> None:
    """Reproduced for comparison; unlike averaging effects, averaging scores is not consistent."""
    r = r_output("g12_pool")["iptw_across"]
    score = propensity(imputed)
    mean = replace(score, score=np.broadcast_to(score.score.mean(0), score.score.shape))
    ours = iptw(imputed, mean, weights(imputed, mean), errors="HC0")[2]
    assert np.log(ours.estimate[0]) == pytest.approx(r["b"], rel=1e-6)
    assert ours.std_error[0] == pytest.approx(r["se_HC0"], rel=1e-6)


def test_discrimination_of_each_score(imputed, r_output) -> None:
    r = r_output("g12_pool")["c_stat"]
    ours = c_statistic(propensity(imputed).score, imputed.treatment)
    assert ours.c_statistic == pytest.approx(np.array(r["auc"]), rel=1e-8)
    assert ours.std_error**2 == pytest.approx(np.array(r["var_delong"]), rel=1e-6)
    assert np.mean(ours.c_statistic) == pytest.approx(r["mean"], rel=1e-8)
    assert np.median(ours.c_statistic) == pytest.approx(r["median"], rel=1e-8)
