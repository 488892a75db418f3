"""Two-sample tests against R 4.2.2 (stats::wilcox.test, chisq.test, fisher.test, t.test)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from estimate.comparison.exact.fisher import fisher_exact
from estimate.comparison.exact.two_by_two import fisher_2x2
from estimate.comparison.two_sample import (
    chi_square,
    hodges_lehmann,
    kruskal_wallis,
    welch,
    wilcoxon,
)

R = Path(__file__).parents[1] / "r"
COHORT = pd.read_csv(R / "cohort542_mar.csv")
G02 = json.loads((R / "g02_table1.json").read_text())
NUMERIC = list(G02["continuous"])


@pytest.mark.parametrize("name", NUMERIC)
def test_a_continuous_characteristic(name: str) -> None:
    r, x, therapy = (
        G02["continuous"][name],
        COHORT[name].to_numpy(float),
        COHORT["therapy"].to_numpy(),
    )
    test = wilcoxon(x, therapy)
    assert test.statistic == r["wilcox_W"]
    assert test.p_value == pytest.approx(r["wilcox_p_cc"], rel=1e-10)
    assert wilcoxon(x, therapy, continuity=False).p_value == pytest.approx(
        r["wilcox_p_nocc"], rel=1e-10
    )
    assert welch(x, therapy).p_value == pytest.approx(r["welch_p"], rel=1e-10)
    shapiro = stats.shapiro(x[~np.isnan(x)])
    assert shapiro.statistic == pytest.approx(r["shapiro_W"], rel=1e-8)
    assert shapiro.pvalue == pytest.approx(r["shapiro_p"], rel=1e-5)


def test_all_characteristics_in_one_batch() -> None:
    batch = COHORT[NUMERIC].to_numpy(float).T
    p = wilcoxon(batch, COHORT["therapy"].to_numpy()).p_value
    assert p == pytest.approx([G02["continuous"][n]["wilcox_p_cc"] for n in NUMERIC], rel=1e-10)


def test_wilcoxon_counted_exactly() -> None:
    r = G02["wilcox_exact_noties"]
    x, g = np.r_[r["a"], r["b"]], np.repeat([1, 0], [len(r["a"]), len(r["b"])])
    test = wilcoxon(x, g)
    assert (test.statistic, test.p_value) == (r["W"], pytest.approx(r["p"], rel=1e-10))
    assert hodges_lehmann(x, g) == pytest.approx((r["hl"], *r["hl_ci"]), rel=1e-10)


def test_ties_require_the_normal_approximation() -> None:
    r = G02["wilcox_ties_default"]
    x, g = np.r_[r["a"], r["b"]], np.repeat([1, 0], [len(r["a"]), len(r["b"])])
    test = wilcoxon(x, g)
    assert (test.statistic, test.p_value) == (r["W"], pytest.approx(r["p"], rel=1e-10))


def test_diagnosis_by_arm() -> None:
    r = G02["dx"]
    test = chi_square([r["therapy0"], r["therapy1"]])
    assert test.statistic == pytest.approx(r["chisq"], rel=1e-10)
    assert test.p_value == pytest.approx(r["p"], rel=1e-10)
    assert fisher_exact([r["therapy0"], r["therapy1"]]) == pytest.approx(r["fisher_p"], rel=1e-10)


def test_sperm_retrieval_by_arm() -> None:
    r = G02["srr"]
    corrected, plain = chi_square(r["table"]), chi_square(r["table"], yates=False)
    assert corrected.statistic == pytest.approx(r["yates"], rel=1e-10)
    assert corrected.p_value == pytest.approx(r["p_yates"], rel=1e-10)
    assert plain.statistic == pytest.approx(r["chisq"], rel=1e-10)
    assert plain.p_value == pytest.approx(r["p"], rel=1e-10)
    exact = fisher_2x2(r["table"])
    assert exact.p_value == pytest.approx(r["fisher_p"], rel=1e-10)
    assert exact.odds_ratio == pytest.approx(r["fisher_or"], rel=1e-4)
    assert exact.conf_low == pytest.approx(r["fisher_ci"][0], rel=2e-2)
    assert exact.conf_high == pytest.approx(r["fisher_ci"][1], rel=2e-2)


@pytest.mark.parametrize("r", G02["fisher2x2"], ids=lambda r: str(r["table"]))
def test_small_2x2_tables(r: dict) -> None:
    # R fills by columns; a transposed 2 x 2 table has the same p-value and odds ratio.
    table = np.reshape(r["table"], (2, 2))
    exact = fisher_2x2(table)
    infinite = [np.inf if v is None else v for v in (r["or"], *r["ci"])]
    assert exact.p_value == pytest.approx(r["p"], rel=1e-10)
    # R's `uniroot` stops within 1.2e-4 of the root (or of its inverse); SciPy solves it closer.
    assert exact.odds_ratio == pytest.approx(infinite[0], rel=1e-4, abs=1.3e-4)
    peer = stats.contingency.odds_ratio(table)
    assert exact.odds_ratio == pytest.approx(peer.statistic, rel=1e-8)
    limits = peer.confidence_interval(0.95)
    assert (exact.conf_low, exact.conf_high) == pytest.approx((limits.low, limits.high), rel=1e-8)
    assert exact.conf_low == pytest.approx(infinite[1], rel=2e-2)
    assert exact.conf_high == pytest.approx(infinite[2], rel=2e-2)
    assert fisher_exact(table) == pytest.approx(r["p"], rel=1e-10)


def test_2x2_tables_in_one_batch() -> None:
    tables = np.reshape([r["table"] for r in G02["fisher2x2"]], (-1, 2, 2))
    assert fisher_2x2(tables).p_value == pytest.approx([r["p"] for r in G02["fisher2x2"]])


def test_an_r_by_c_table() -> None:
    r = G02["fisher_rxc"]
    assert fisher_exact(r["table"]) == pytest.approx(r["p"], rel=1e-10)
    assert chi_square(r["table"]).statistic == pytest.approx(r["chisq"], rel=1e-10)
    assert chi_square(r["table"]).p_value == pytest.approx(r["chisq_p"], rel=1e-10)


def test_yates_correction_never_passes_zero() -> None:
    r = G02["yates_corner"]
    test = chi_square(r["table"])
    assert test.statistic == pytest.approx(r["stat"], abs=1e-12)
    assert test.p_value == pytest.approx(r["p"])


def test_kruskal_wallis() -> None:
    codes = pd.Categorical(COHORT["dx"]).codes
    test = kruskal_wallis(COHORT["age"].to_numpy(float), codes)
    assert test.statistic == pytest.approx(G02["kruskal_age_dx"]["stat"], rel=1e-10)
    assert test.p_value == pytest.approx(G02["kruskal_age_dx"]["p"], rel=1e-10)
