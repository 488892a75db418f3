"""Cumulative live birth against R: survival 3.5 (survfit, survdiff, coxph) and glm."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from estimate.comparison.exact.two_by_two import fisher_2x2
from estimate.comparison.two_sample import chi_square
from estimate.core.estimand import Estimand
from estimate.survival.cumulative_live_birth import (
    Convention,
    LifeTable,
    expected_events,
    kaplan_meier,
    life_table,
    log_rank,
    transfer_times,
)
from estimate.survival.discrete_time import discrete_hazard
from estimate.survival.hazard_ratio import hazard_ratio

R = Path(__file__).parents[1] / "r"
COUPLES = pd.read_csv(R / "icsi138.csv")
G10 = json.loads((R / "g10_km.json").read_text())
BLOCK: dict[Convention, str] = {
    "censored": "censored",
    "conservative": "conservative_no_censoring",
    "embryos left": "embryos_left_censored",
}
QUESTION = Estimand("couples with ICSI", "therapy 1 vs 0", "live_birth", "")


def arms(convention: Convention) -> tuple[LifeTable, LifeTable]:
    time = transfer_times(
        COUPLES["n_et"], COUPLES["livebirth"], convention, embryos_left=COUPLES["embryos_left"]
    )
    both = np.stack([COUPLES["therapy"] == 0, COUPLES["therapy"] == 1])
    table = life_table(time, COUPLES["livebirth"], both)
    return tuple(LifeTable(table.order, table.at_risk[g], table.events[g]) for g in (0, 1))


@pytest.mark.parametrize("convention", BLOCK)
@pytest.mark.parametrize(
    ("interval", "name"), [("log", "log"), ("log-log", "loglog"), ("plain",) * 2]
)
def test_curves(convention: Convention, interval: Any, name: str) -> None:
    r = G10[BLOCK[convention]][name]
    for g, table in enumerate(arms(convention)):
        rows = [i for i, s in enumerate(r["strata"]) if s == f"g={g}"]
        curve = kaplan_meier(table, interval)
        # R extends a curve beyond its last couple; so do we.
        assert table.at_risk.tolist() == [r["n_risk"][i] for i in rows]
        assert table.events.tolist() == [r["n_event"][i] for i in rows]
        for ours, key in [
            (curve.survival, "surv"),
            (curve.std_error, "se"),
            (curve.conf_low, "lower"),
            (curve.conf_high, "upper"),
        ]:
            assert ours == pytest.approx(np.array([r[key][i] for i in rows]), rel=1e-8)


@pytest.mark.parametrize("convention", BLOCK)
def test_log_rank(convention: Convention) -> None:
    r = G10[BLOCK[convention]]
    test = log_rank(*arms(convention))
    assert test.statistic == pytest.approx(r["logrank"], rel=1e-8)
    assert test.p_value == pytest.approx(r["p"], rel=1e-8)


def test_expected_events_and_peto() -> None:
    r, (a, b) = G10["censored"], arms("censored")
    assert expected_events(a, b) == pytest.approx(tuple(r["expected"]), rel=1e-8)
    peto = log_rank(a, b, rho=1)
    assert peto.statistic == pytest.approx(r["peto"], rel=1e-8)
    assert peto.p_value == pytest.approx(r["p_peto"], rel=1e-8)


@pytest.mark.parametrize("ties", ["efron", "breslow", "exact"])
def test_cox(ties: Any) -> None:
    r = G10["censored"][f"cox_{ties}"]
    ours = hazard_ratio(*arms("censored"), QUESTION, ties=ties)
    assert np.log(ours.estimate) == pytest.approx(r["coef"], rel=1e-8)
    assert ours.std_error == pytest.approx(r["se"], rel=1e-8)
    assert ours.p_value == pytest.approx(r["p"], rel=1e-7)


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_discrete_time(link: Any) -> None:
    r = G10[f"discrete_{link}"]
    at = r["term"].index("therapy")
    ours = discrete_hazard(
        COUPLES["n_et"], COUPLES["livebirth"], COUPLES[["therapy"]], QUESTION, top=4, link=link
    )
    # glm() stopped at a relative change of the deviance; its own error is below 1e-6.
    assert np.log(ours.estimate) == pytest.approx(r["coef"][at], rel=1e-6)
    assert ours.std_error == pytest.approx(r["se"][at], rel=1e-6)
    assert ours.p_value == pytest.approx(r["p"][at], rel=1e-6)


def test_conservative_ends_at_the_unadjusted_proportion() -> None:
    table = [t.at_risk[0] for t in arms("conservative")]
    births = [t.events.sum() for t in arms("conservative")]
    for g in (0, 1):
        unadjusted = G10["conservative_no_censoring"]["unadjusted_by_arm"][str(g)]
        assert births[g] / table[g] == pytest.approx(unadjusted)
    counts = np.array([[births[g], table[g] - births[g]] for g in (0, 1)])
    assert chi_square(counts).p_value == pytest.approx(G10["chisq_cdr"]["yates_p"], rel=1e-8)
    assert fisher_2x2(counts).p_value == pytest.approx(G10["chisq_cdr"]["fisher_p"], rel=1e-8)
