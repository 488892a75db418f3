"""Rates per embryo against R: chisq.test, glm (quasi)binomial, geepack 1.3.9, lme4 1.1.31."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimate.comparison.clustered import (
    Rates,
    dispersion,
    gee,
    gee_odds_ratio,
    naive_odds_ratio,
    naive_test,
    overdispersed_odds_ratio,
    rates,
)
from estimate.comparison.clustered_mixed import mixed
from estimate.core.estimand import Estimand

R = Path(__file__).parents[1] / "r"
COUPLES = pd.read_csv(R / "icsi138.csv")
G11 = json.loads((R / "g11_rates_clustered.json").read_text())
STEPS = {"fertilisation": ("pn2", "oocytes"), "d3": ("d3", "pn2"), "blast": ("blast", "d3")}
QUESTION = Estimand("couples with ICSI", "therapy 1 vs 0", "two_pronuclear_zygotes", "")


@pytest.fixture(params=STEPS)
def step(request) -> tuple[Rates, dict]:
    events, trials = STEPS[request.param]
    return rates(COUPLES[events], COUPLES[trials], COUPLES["therapy"]), G11[request.param]


def test_naive(step) -> None:
    data, r = step
    assert data.table[:, 0].tolist() == r["events"]
    assert data.table.sum(-1).tolist() == r["denominators"]
    assert naive_test(data).p_value == pytest.approx(r["yates_p"], rel=1e-8)
    ours = naive_odds_ratio(data, QUESTION)
    assert np.log(ours.estimate) == pytest.approx(r["log_or"], rel=1e-6)
    assert ours.std_error == pytest.approx(r["se_naive"], rel=1e-6)
    assert ours.p_value == pytest.approx(r["p_naive_wald"], rel=1e-6)


def test_overdispersion(step) -> None:
    data, r = step
    assert dispersion(data) == pytest.approx(r["phi"], rel=1e-6)
    ours = overdispersed_odds_ratio(data, QUESTION)
    assert ours.std_error == pytest.approx(r["quasi_se"], rel=1e-6)


def test_gee_with_working_independence(step) -> None:
    data, r = step
    ours = gee_odds_ratio(data, QUESTION, "independence")
    assert np.log(ours.estimate) == pytest.approx(r["log_or"], rel=1e-6)
    assert ours.std_error == pytest.approx(r["gee_ind_se"], rel=1e-6)
    assert ours.p_value == pytest.approx(r["p_gee"], rel=1e-6)


def test_gee_with_exchangeable_correlation(step) -> None:
    data, r = step
    ours = gee(data)
    assert ours.converged
    # geepack stops at a change of 1e-4; ours is the fixed point.
    assert ours.correlation == pytest.approx(r["gee_exch_alpha"], abs=1e-6)
    assert ours.coef[1] == pytest.approx(r["gee_exch"][0], abs=1e-5)
    assert np.sqrt(ours.cov[1, 1]) == pytest.approx(r["gee_exch"][1], rel=1e-5)


def test_random_intercepts(step) -> None:
    data, r = step
    ours = mixed(data)
    assert ours.converged
    got = [ours.coef[1], np.sqrt(ours.cov[1, 1]), ours.sd]
    assert got == pytest.approx(r["glmer"], rel=1e-3)
