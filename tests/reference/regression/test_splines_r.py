"""Restricted cubic splines against R: Hmisc 4.8 knots and basis, rms 6.5 lrm and anova."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimate.regression.splines import fit_spline, harrell_knots, spline_basis

R = Path(__file__).parents[1] / "r"
COHORT = pd.read_csv(R / "cohort542_full.csv")
G07 = json.loads((R / "g07_rcs.json").read_text())
NAMES = list(G07["knots"])


@pytest.mark.parametrize("name", NAMES)
def test_knots(name: str) -> None:
    for k in (3, 4, 5):
        r = G07["knots"][name][f"k{k}"]
        assert harrell_knots(COHORT[name], k) == pytest.approx(np.array(r), rel=1e-12)


def test_outer_knots_of_a_small_sample() -> None:
    r = G07["small_n"]
    assert harrell_knots(r["x"], 3) == pytest.approx(np.array(r["knots3"]), rel=1e-12)


def test_basis() -> None:
    three, five = G07["basis_fsh_k3"], G07["basis_fsh_k5"]
    for r, scaled in ((three["norm2"], True), (three["norm0"], False)):
        ours = spline_basis(three["x"], three["knots"], scaled=scaled)
        assert ours == pytest.approx(np.array(r), rel=1e-8, abs=1e-8)
    ours = spline_basis(three["x"], five["knots"])
    assert ours == pytest.approx(np.array(five["norm2"]), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_unadjusted_fit(name: str) -> None:
    r = G07["fit"][name]
    ours = fit_spline(COHORT[name], COHORT["y"], knots=G07["knots"][name]["k3"])
    assert ours.fit.coef == pytest.approx(np.array(r["coef"]), rel=1e-5)
    assert np.sqrt(np.diag(ours.fit.cov)) == pytest.approx(np.array(r["se"]), rel=1e-5)
    assert ours.wald.overall == pytest.approx(r["wald_overall"], rel=1e-5)
    assert ours.wald.overall_p == pytest.approx(r["wald_overall_p"], rel=1e-5)
    assert ours.wald.nonlinear == pytest.approx(r["wald_nonlin"], rel=1e-5)
    assert ours.wald.nonlinear_p == pytest.approx(r["wald_nonlin_p"], rel=1e-5)
    ratio = ours.likelihood_ratio
    assert ratio.overall == pytest.approx(r["lr_overall"], rel=1e-5)
    assert ratio.nonlinear == pytest.approx(r["lr_nonlin"], rel=1e-5)
    assert ratio.nonlinear_p == pytest.approx(r["lr_nonlin_p"], rel=1e-5)
    curve = ours.curve(r["curve"]["x"], r["curve"]["ref"])
    assert curve.log_odds_ratio == pytest.approx(np.array(r["curve"]["log_or"]), abs=1e-5)
    assert curve.std_error == pytest.approx(np.array(r["curve"]["se"]), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_adjusted_fit(name: str) -> None:
    """Adjusted for arm, diagnosis and all other characteristics, as linear terms."""
    r = G07["fit"][name]
    numeric = ["therapy", "age", "dur", "bmi", "vol", "lh", "fsh", "t", "e2", "prl"]
    diagnosis = pd.get_dummies(COHORT["dx"]).drop(columns="idiopathic").to_numpy(float)
    others = np.c_[COHORT[[n for n in numeric if n != name]], diagnosis]
    ours = fit_spline(COHORT[name], COHORT["y"], knots=G07["knots"][name]["k3"], covariates=others)
    assert ours.wald.nonlinear == pytest.approx(r["adj_wald_nonlin"], rel=1e-5)
    assert ours.likelihood_ratio.nonlinear == pytest.approx(r["adj_lr_nonlin"], rel=1e-5)
    assert ours.likelihood_ratio.nonlinear_p == pytest.approx(r["adj_lr_nonlin_p"], rel=1e-5)
