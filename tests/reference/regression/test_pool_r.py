"""Pooling against R: mice 3.15 (pool), mitools 2.4 (MIcombine), mitml (testModels)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from estimate.imputation.pooled_tests import PooledTest, d1, d2, likelihood_ratio_test
from estimate.imputation.rubins_rules import Pooled, pool
from estimate.regression.logistic import fit_logistic
from estimate.regression.splines import wald_chi2

R = Path(__file__).parents[1] / "r"
DRAWS = pd.read_csv(R / "completed10.csv")
G12 = json.loads((R / "g12_pool.json").read_text())
MODELS = {
    "unadjusted": ["therapy"],
    "model1": ["therapy", "age"],
    "model3": [
        *("therapy", "age", "dur", "bmi", "cryptorchidism", "orchitis", "azfc"),
        *("lh", "fsh", "t", "e2", "prl"),
    ],
}
MODELS["model3_plus_vol"] = [*MODELS["model3"], "vol"]
DIAGNOSES = ["cryptorchidism", "orchitis", "azfc"]


def designs(columns: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return design (10, 542, 1 + columns) and outcome (10, 542) of the completed data sets."""
    patients = DRAWS.assign(**{d: (DRAWS["dx"] == d).astype(float) for d in DIAGNOSES}, one=1.0)
    X = patients[["one", *columns]].to_numpy(float).reshape(10, 542, -1)
    return X, patients["y"].to_numpy(float).reshape(10, 542)


def check(ours: Pooled, r: dict[str, Any]) -> None:
    pairs = {
        "estimate": ours.estimate,
        "se": ours.std_error,
        "statistic": ours.statistic,
        "df": ours.df,
        "p": ours.p_value,
        "lo": ours.conf_low,
        "hi": ours.conf_high,
        "ubar": ours.within,
        "b": ours.between,
        "t": ours.total,
        "riv": ours.riv,
        "lambda": ours.share,
        "fmi": ours.fmi,
    }
    for name, value in pairs.items():
        assert value == pytest.approx(np.array(r[name]), rel=1e-5, abs=1e-12), name


@pytest.mark.parametrize("model", MODELS)
def test_rubin_with_barnard_and_rubins_df(model: str) -> None:
    X, y = designs(MODELS[model])
    fit = fit_logistic(X, y)
    variances = np.diagonal(fit.cov, axis1=-2, axis2=-1)
    ours = pool(fit.coef, variances, df_complete=542 - X.shape[-1], axis=-2)
    check(ours, G12["glm"][model])


def test_rubin_1987() -> None:
    X, y = designs(MODELS["model3"])
    fit = fit_logistic(X, y)
    ours = pool(fit.coef, np.diagonal(fit.cov, axis1=-2, axis2=-1), axis=-2)
    check(ours, G12["model3_dfcom_inf"])
    r = G12["mitools_model3"]
    assert ours.estimate == pytest.approx(np.array(r["coef"]), rel=1e-5)
    assert ours.std_error == pytest.approx(np.array(r["se"]), rel=1e-5)
    assert ours.df == pytest.approx(np.array(r["df"]), rel=1e-5)
    assert ours.fmi == pytest.approx(np.array(r["missinfo"]), rel=1e-5)


@pytest.mark.parametrize(("block", "complete"), [("toy", 97), ("toy_inf", np.inf)])
def test_five_numbers(block: str, complete: float) -> None:
    toy, r = G12["toy"], G12[block]
    ours = pool(toy["Q"], toy["U"], df_complete=complete)
    assert ours.estimate == pytest.approx(r["qbar"])
    assert ours.within == pytest.approx(r["ubar"])
    assert ours.between == pytest.approx(r["b"])
    assert ours.total == pytest.approx(r["t"])
    assert ours.df == pytest.approx(r["df"], rel=1e-8)
    assert ours.fmi == pytest.approx(r["fmi"], rel=1e-8)


def agree(ours: PooledTest, r: dict[str, float]) -> None:
    assert ours.statistic == pytest.approx(r["F"], rel=1e-5)
    assert ours.df1 == r["df1"]
    # Where imputations hardly differ, df2 is in the millions and multiplies rounding by 1/riv.
    assert ours.df2 == pytest.approx(r["df2"], rel=1e-4)
    assert ours.p_value == pytest.approx(r["p"], rel=1e-5)
    assert ours.riv == pytest.approx(r["riv"], rel=1e-5)


def blocks() -> dict[str, tuple[np.ndarray, np.ndarray, slice]]:
    X, y = designs(MODELS["model3"])
    # The interaction is with duration over 3 years; duration is also a linear term.
    longer = (X[..., 3:4] > 3).astype(float)
    return {
        "hormones_block_5df": (X, y, slice(8, 13)),
        "interaction_therapy_dur": (
            np.concatenate([X, longer, longer * X[..., 1:2]], -1),
            y,
            slice(14, 15),
        ),
    }


@pytest.mark.parametrize("name", ["hormones_block_5df", "interaction_therapy_dur"])
def test_several_coefficients_at_once(name: str) -> None:
    r = G12[name]
    X, y, tested = blocks()[name]
    k, p = tested.stop - tested.start, X.shape[-1]
    fit = fit_logistic(X, y)
    null = fit_logistic(np.delete(X, tested, axis=-1), y)
    coef, cov = fit.coef[..., tested], fit.cov[..., tested, tested]
    agree(d1(coef, cov), r["D1"])
    agree(d1(coef, cov, df_complete=542 - p), r["D1_dfcom"])
    agree(d2(wald_chi2(fit, tested), k), r["D2_wald"])
    agree(d2(2 * (fit.loglik - null.loglik), k), r["D2_lr"])
    agree(likelihood_ratio_test(X, y, tested, method="D3"), r["D3"])
    agree(likelihood_ratio_test(X, y, tested), r["D4"])
    agree(likelihood_ratio_test(X, y, tested), r["D4_positive"])
    agree(likelihood_ratio_test(X, y, tested, method="D4 robust"), r["D4_robust"])


@pytest.mark.parametrize("name", ["iptw_within"])
def test_weighted_effects_pooled_within_imputations(name: str) -> None:
    r = G12[name]
    ours = pool(r["per_imputation"]["b"], r["per_imputation"]["v"], df_complete=540)
    assert ours.estimate == pytest.approx(r["qbar"], rel=1e-8)
    assert ours.total == pytest.approx(r["t"], rel=1e-8)
    assert ours.df == pytest.approx(r["df"], rel=1e-6)
    assert ours.fmi == pytest.approx(r["fmi"], rel=1e-6)


def test_c_statistic_pooled_on_the_logit() -> None:
    r = G12["c_stat"]
    auc, variance = np.array(r["auc"]), np.array(r["var_delong"])
    ours = pool(np.log(auc / (1 - auc)), variance / (auc * (1 - auc)) ** 2, df_complete=541)
    assert ours.estimate == pytest.approx(r["pooled_logit"]["qbar"], rel=1e-8)
    assert ours.total == pytest.approx(r["pooled_logit"]["t"], rel=1e-8)
    assert ours.df == pytest.approx(r["pooled_logit"]["df"], rel=1e-5)
