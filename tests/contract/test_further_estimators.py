"""Contract tests for statistics other than treatment effects: fits, tests, curves, rates.

Each case simulates studies, returns named numbers, and defines how recoding changes them. List a
property that does not apply to a case in ``undefined`` and a property that is known to be false in
``fails`` (the tests show that it is false), each with the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, ndtr, ndtri

from estimate.causal.principal_stratum import always_operated
from estimate.causal.propensity import c_statistic
from estimate.comparison.clustered import (
    gee_odds_ratio,
    naive_odds_ratio,
    overdispersed_odds_ratio,
    rate_difference,
    rates,
)
from estimate.comparison.clustered_mixed import mixed
from estimate.comparison.exact.two_by_two import fisher_2x2
from estimate.comparison.risk_difference import compare_arms
from estimate.comparison.stratified import cochran_mantel_haenszel, count_strata, mantel_haenszel
from estimate.comparison.two_sample import chi_square, kruskal_wallis, welch, wilcoxon
from estimate.core.columns import Numeric
from estimate.core.complete_cases import analysis_set
from estimate.core.estimand import Estimand
from estimate.description.table1 import table_one
from estimate.heterogeneity.additive import additive_by_level, additive_from_data
from estimate.heterogeneity.risk_interaction import risk_interaction
from estimate.heterogeneity.subgroups import interaction_test, subgroup_effects
from estimate.mediation.mediation_analysis import mediate
from estimate.plan.changes import Pairs
from estimate.regression.logistic import fit_logistic
from estimate.regression.poisson import fit_poisson
from estimate.regression.random_intercept import by_site, fit_random_intercept
from estimate.regression.splines import fit_spline, spline_basis
from estimate.survival.cumulative_live_birth import cumulative_difference, life_table, log_rank
from estimate.survival.discrete_time import discrete_hazard
from estimate.survival.hazard_ratio import hazard_ratio

ASKED = Estimand("all patients", "a 1 vs 0", "y", "")
EMPTY: Any = MappingProxyType({})

NO_WEIGHTS = "it takes no weights; that every patient twice gives the same estimate is tested"
MEASURE = "a measure; the division that holds it is named"
A_FIT = "a fit is a step on the way; what is made of it carries the label"
OWN_STREAM = "one stream of random numbers serves a batch; the numbers without chance are compared"


@dataclass(frozen=True)
class Case:
    """An estimator; ``draw(seed, lead, n, null)`` returns columns, patients on the last axis."""

    draw: Callable[..., dict[str, np.ndarray]]
    #: columns, weights (..., n) or None -> named numbers; "p" is a p-value, "label" describes it
    run: Callable[..., dict[str, Any]]
    #: reverse the coding of treatment (or group), and the result expected after recoding
    recode: Callable[[dict], dict] = lambda columns: {**columns, "a": 1 - columns["a"]}
    mirror: Callable[[dict], dict] = lambda answer: {
        name: value if name == "p" else -value for name, value in answer.items()
    }
    truth: dict[str, float] = field(default_factory=dict)
    label: str = ""
    conservative: bool = False
    n: int = 200
    undefined: dict[str, str] = field(default_factory=dict)
    fails: dict[str, str] = field(default_factory=dict)


def numbers(answer):
    return {name: value for name, value in answer.items() if name != "label"}


def point(answer):
    return {name: value for name, value in numbers(answer).items() if name != "p"}


def uniform(seed, lead, n, columns):
    return np.random.default_rng(seed).random((columns, *lead, n))


# ---- regressions -------------------------------------------------------------------------------


def draw_logit(seed, lead, n, null, *, link=expit):
    rng = np.random.default_rng(seed)
    x, a = rng.normal(size=(*lead, n)), rng.integers(0, 2, (*lead, n))
    eta = -1.2 + (0.0 if null else 0.5) * a + 0.3 * x
    return {"a": a, "x": x, "y": (rng.random(x.shape) < link(eta)) * 1}


def draw_log(seed, lead, n, null):
    return draw_logit(seed, lead, n, null, link=lambda eta: np.exp(eta.clip(max=-1e-3)))


def z_test(value, error):
    return 2 * ndtr(-np.abs(value / error))


def run_logit(columns, weights=None):
    a, x, y = (columns[name] for name in "axy")
    fit = fit_logistic(np.stack([np.ones(a.shape), a, x], -1), y, weights)
    error = np.sqrt(fit.cov[..., 1, 1])
    return {"log odds ratio": fit.coef[..., 1], "p": z_test(fit.coef[..., 1], error)}


def run_log(columns, weights=None):
    a, x, y = (columns[name] for name in "axy")
    fit = fit_poisson(np.stack([np.ones(a.shape), a, x], -1), y, weights)
    error = np.sqrt(fit.robust[..., 1, 1])
    return {"log risk ratio": fit.coef[..., 1], "p": z_test(fit.coef[..., 1], error)}


KNOTS = np.array([-1.3, 0.0, 1.3])
BENT = np.array([0.4, 0.5])


def draw_spline(seed, lead, n, null):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(*lead, n))
    eta = 0.4 * x if null else spline_basis(x, KNOTS) @ BENT
    return {"x": x, "y": (rng.random(x.shape) < expit(eta - 0.5)) * 1}


def run_spline(columns, weights=None):
    fit = fit_spline(columns["x"], columns["y"], knots=KNOTS, weights=weights)
    ends = fit.curve([-1.0, 1.0], 0.0).log_odds_ratio
    p = fit.likelihood_ratio.nonlinear_p
    return {"below": ends[..., 0], "above": ends[..., 1], "p": p, "label": fit.wald.method}


def bent(x):
    return float((spline_basis(x, KNOTS) - spline_basis(0.0, KNOTS)) @ BENT)


# ---- interaction -------------------------------------------------------------------------------


def risks_by_cell(cells):
    """Return a ``draw`` function for studies with these risks by treatment (first) and modifier."""

    def draw(seed, lead, n, null):
        rng = np.random.default_rng(seed)
        a, g = rng.integers(0, 2, (2, *lead, n))
        risk = np.array(cells[null])[a, g]
        return {"a": a, "g": g, "y": (rng.random(a.shape) < risk) * 1}

    return draw


def as_set(columns):
    return analysis_set({name: columns[name] for name in "ay"}, treatment="a", outcome="y")


def run_interaction(columns, weights=None):
    data = as_set(columns)
    found = subgroup_effects(data, columns["g"], ("none", "some"), profile=False)
    test = interaction_test(data, columns["g"][..., None])
    joint = [np.log(each.estimate) for each in found.joint]
    return {
        "first": joint[0], "second": joint[1], "p": test.p_value, "label": found.joint[0].method
    }  # fmt: skip


def run_reri(columns, weights=None):
    found = additive_from_data(as_set(columns), columns["g"])
    return {
        "reri": found.reri.estimate, "ap": found.ap.estimate,
        "synergy": found.synergy.estimate, "p": found.reri.p_value,
    }  # fmt: skip


def draw_levels(seed, lead, n, null):
    rng = np.random.default_rng(seed)
    a, g = rng.integers(0, 2, (*lead, n)), rng.integers(0, 3, (*lead, n))
    odds = np.array([[1, 2, 2], [2, 3, 3 if null else 5]])[a, g] * 0.3
    return {"a": a, "g": g, "y": (rng.random(a.shape) < odds / (1 + odds)) * 1}


def run_levels(columns, weights=None):
    found = additive_by_level(as_set(columns), columns["g"], 3)
    return {"second": found.reri[..., 0], "third": found.reri[..., 1], "p": found.p_value}


def run_contrast(columns, weights=None):
    contrast = risk_interaction(as_set(columns), columns["g"]).contrast
    return {"contrast": contrast.estimate, "p": contrast.p_value, "label": contrast.method}


# ---- mediation ---------------------------------------------------------------------------------


def draw_mediation(seed, lead, n, null):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 2, (*lead, n))
    m = rng.random(a.shape) < 0.3 + 0.4 * a
    risk = 0.2 + 0.1 * a + (0.0 if null else 0.2) * m
    return {"a": a, "m": m * 1, "y": (rng.random(a.shape) < risk) * 1}


#: With 40 draws p is below 5 % only if all have the same sign: probability 2 / 41 under the null.
def run_mediation(columns, weights=None, draws=40):
    found = mediate(
        columns["a"], columns["m"], columns["y"], np.random.default_rng(3),
        names=("a", "m", "y"), weights=weights, draws=draws,
    )  # fmt: skip
    effects = {name: found.effects[name].plug_in for name in ("acme", "ade", "total")}
    return {**effects, "p": found.effects["acme"].p_value, "label": found.estimates()[0].method}


# ---- transfers ---------------------------------------------------------------------------------

HAZARDS = {True: (0.25, 0.25), False: (0.2, 0.35)}
LAST = 4


def draw_transfers(seed, lead, n, null):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 2, (*lead, n))
    hazard = np.array(HAZARDS[null])[a]
    wait, stop = rng.geometric(hazard), np.minimum(rng.geometric(0.15, a.shape), LAST)
    return {"a": a, "time": np.minimum(wait, stop), "y": (wait <= stop) * 1}


def arms(columns, weights):
    w = 1.0 if weights is None else weights
    return [
        life_table(columns["time"], columns["y"], w * (columns["a"] == a), last=LAST)
        for a in (0, 1)
    ]


def run_curves(columns, weights=None):
    tables = arms(columns, weights)
    test, answer = log_rank(*tables), cumulative_difference(*tables, ASKED)
    return {"difference": answer.estimate, "p": test.p_value, "label": answer.method}


def run_cox(columns, weights=None, ties="efron"):
    answer = hazard_ratio(*arms(columns, weights), ASKED, ties=ties)
    return {"log hazard ratio": np.log(answer.estimate), "p": answer.p_value,
            "label": answer.method}  # fmt: skip


def discrete(link):
    def run(columns, weights=None):
        answer = discrete_hazard(
            columns["time"], columns["y"], columns["a"][..., None] * 1.0, ASKED, top=LAST, link=link
        )
        return {"log ratio": np.log(answer.estimate), "p": answer.p_value, "label": answer.method}

    return run


def log_odds(p):
    return float(np.log(p / (1 - p)))


def delivered(hazard):
    return 1 - (1 - hazard) ** LAST


# ---- rates per embryo --------------------------------------------------------------------------


def draw_embryos(seed, lead, n, null):
    """Draw couples with beta-distributed success rates, mean 0.5 or 0.6 and correlation 0.2."""
    rng = np.random.default_rng(seed)
    a, trials = rng.integers(0, 2, (*lead, n)), rng.integers(1, 15, (*lead, n))
    mean = 0.5 + (0.0 if null else 0.1) * a
    own = rng.beta(4 * mean, 4 * (1 - mean))
    return {"a": a, "trials": trials, "y": rng.binomial(trials, own)}


def clustered(estimator):
    def run(columns, weights=None):
        answer = estimator(rates(columns["y"], columns["trials"], columns["a"]), ASKED)
        value = answer.estimate if answer.scale == "risk difference" else np.log(answer.estimate)
        return {"effect": value, "p": answer.p_value, "label": answer.method}

    return run


def run_mixed(columns, weights=None):
    fit = mixed(rates(columns["y"], columns["trials"], columns["a"]))
    return {"log odds ratio": fit.coef[1], "p": z_test(fit.coef[1], np.sqrt(fit.cov[1, 1]))}


def draw_intercepts(seed, lead, n, null):
    rng = np.random.default_rng(seed)
    a, trials = rng.integers(0, 2, (*lead, n)), rng.integers(2, 12, (*lead, n))
    eta = 0.1 + (0.0 if null else 0.6) * a + 0.8 * rng.normal(size=a.shape)
    return {"a": a, "trials": trials, "y": rng.binomial(trials, expit(eta))}


# ---- tests of two groups -----------------------------------------------------------------------


def draw_values(seed, lead, n, null):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 2, (*lead, n))
    return {"a": a, "x": rng.normal((0.0 if null else 0.5) * a, 1.0)}


def run_wilcoxon(columns, weights=None):
    test = wilcoxon(columns["x"], columns["a"])
    n1 = columns["a"].sum(-1)
    share = test.statistic / (n1 * (columns["a"].shape[-1] - n1))
    return {"share above": share - 0.5, "p": test.p_value, "label": test.method}


def run_welch(columns, weights=None):
    test = welch(columns["x"], columns["a"])
    return {"t": test.statistic, "p": test.p_value, "label": test.method}


def run_kruskal(columns, weights=None):
    test = kruskal_wallis(columns["x"], columns["a"])
    return {"h": test.statistic, "p": test.p_value, "label": test.method}


def draw_binary(seed, lead, n, null):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 2, (*lead, n))
    return {"a": a, "y": (rng.random(a.shape) < 0.3 + (0.0 if null else 0.2) * a) * 1}


def table_of(columns):
    a, y = columns["a"], columns["y"]
    rows = [[((a == i) & (y == j)).sum(-1) for j in (0, 1)] for i in (0, 1)]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def run_chi_square(columns, weights=None):
    test = chi_square(table_of(columns), yates=False)
    return {"chi-square": test.statistic, "p": test.p_value, "label": test.method}


def run_yates(columns, weights=None):
    test = chi_square(table_of(columns))
    return {"chi-square": test.statistic, "p": test.p_value, "label": test.method}


def run_fisher(columns, weights=None):
    test = fisher_2x2(table_of(columns))
    return {"log odds ratio": np.log(test.odds_ratio), "p": test.p_value}


def run_score(columns, weights=None):
    a, y = columns["a"], columns["y"]
    counts = [(a * y).sum(-1), a.sum(-1), ((1 - a) * y).sum(-1), (1 - a).sum(-1)]
    answer = compare_arms(*counts, ASKED)
    return {"difference": answer.estimate, "p": answer.p_value, "label": answer.test}


def draw_operations(seed, lead, n, null):
    """Draw patients: 5 % have ejaculated sperm in either arm, 10 % only under therapy."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 2, (*lead, n))
    streams, kind = rng.random((2, *lead, n))
    spared = (kind < 0.05) | ((kind < 0.15) & (a == 1))
    retrieved = np.where(kind < 0.15, True, streams < (0.3 if null else 0.3 + 0.2 * a))
    return {"a": a, "y": (spared | retrieved) * 1, "operated": ~spared * 1}


def run_stratum(columns, weights=None):
    arm = np.stack([1 - columns["a"], columns["a"]], -2)
    found, operated = ((arm * columns[name][..., None, :]).sum(-1) for name in ("y", "operated"))
    answer = always_operated(found, operated, arm.sum(-1), ASKED)
    return {"difference": answer.estimate, "p": answer.p_value, "label": answer.method}


SITES = 8


def draw_sites(seed, lead, n, null):
    rng = np.random.default_rng(seed)
    s, a = rng.integers(0, SITES, (*lead, n)), rng.integers(0, 2, (*lead, n))
    own = 0.5 * rng.normal(size=(*lead, SITES))
    eta = -0.5 + np.take_along_axis(own, s, -1) + (0.0 if null else 0.6) * a
    return {"a": a, "s": s, "y": (rng.random(a.shape) < expit(eta)) * 1}


def run_sites(columns, weights=None):
    lead, n = columns["a"].shape[:-1], columns["a"].shape[-1]
    a, y, s = (columns[name].reshape(-1, n) for name in "ays")
    one, a, y = by_site(s, SITES, np.ones(a.shape), a * 1.0, y * 1.0)
    fit = fit_random_intercept(np.stack([one, a], -1), y, one, points=5)
    value, error = (v.reshape(lead) for v in (fit.coef[:, 1], np.sqrt(fit.cov[:, 1, 1])))
    return {"log odds ratio": value, "p": z_test(value, error)}


def draw_strata(seed, lead, n, null):
    rng = np.random.default_rng(seed)
    s, a = rng.integers(0, 4, (*lead, n)), rng.integers(0, 2, (*lead, n))
    eta = -1 + 0.5 * s + (0.0 if null else 0.6) * a
    return {"a": a, "s": s, "y": (rng.random(a.shape) < expit(eta)) * 1}


def run_strata(columns, weights=None):
    counts = count_strata(columns["y"], columns["a"], columns["s"], 4)
    *_, answer = mantel_haenszel(counts, ASKED)
    return {"log odds ratio": np.log(answer.estimate), "p": cochran_mantel_haenszel(counts)[1],
            "label": answer.method}  # fmt: skip


def run_discrimination(columns, weights=None):
    found = c_statistic(columns["x"], columns["a"])
    value = found.c_statistic - 0.5
    return {"c": value, "p": z_test(value, found.std_error)}


def draw_pairs(seed, lead, n, null):
    rng = np.random.default_rng(seed)
    before = rng.normal(size=(*lead, n))
    return {"a": before, "x": before + rng.normal(0 if null else 0.5, 1, before.shape)}


def run_pairs(columns, weights=None):
    before, after = (columns[name].reshape(-1, columns["a"].shape[-1]) for name in "ax")
    p = [Pairs(b, c).p_value for b, c in zip(before, after, strict=True)]
    shape = columns["a"].shape[:-1]
    return {"median change": np.median(after - before, axis=-1).reshape(shape),
            "p": np.reshape(p, shape)}  # fmt: skip


def run_table(columns, weights=None):
    patients = pd.DataFrame({"a": columns["a"], "x": columns["x"]})
    row = table_one(patients, "a", {"x": Numeric()}, weights=weights).rows[0]
    answer = {"medians": row.median, "means": row.mean}
    return answer if weights is not None else {**answer, "p": row.p_value, "label": row.test}


def swap_effects(answer):
    """Negate the effects and omit p: random draws are not mirrored, so p differs slightly."""
    return {name: -value for name, value in answer.items() if name != "p"}


def swap_groups(answer):
    return {n: v if n == "p" else np.asarray(v)[[0, 2, 1]] for n, v in answer.items()}


def same(answer):
    return answer


TIES = {
    "constant weight": "how many births are tied matters, and a weight of 3 is three of them",
    "every patient twice": "the number of tied births matters, and it doubles with the patients",
}
SINGLE = "it fits one study at a time"

CASES = {
    "logistic": Case(
        draw_logit, run_logit, truth={"log odds ratio": 0.5}, n=400, undefined={"label": A_FIT}
    ),
    "Poisson": Case(
        draw_log, run_log, truth={"log risk ratio": 0.5}, n=400, undefined={"label": A_FIT}
    ),
    "spline": Case(
        draw_spline, run_spline, n=500,
        recode=lambda c: {**c, "x": -c["x"]},
        mirror=lambda r: {"below": r["above"], "above": r["below"], "p": r["p"]},
        truth={"below": bent(-1.0), "above": bent(1.0)}, label="Wald",
    ),
    "interaction": Case(
        risks_by_cell({True: [[0.2, 0.4], [1 / 3, 4 / 7]], False: [[0.2, 0.4], [0.2, 0.7]]}),
        run_interaction, label="joint model with interaction", n=400,
        truth={"first": 0.0, "second": log_odds(0.7) - log_odds(0.4)},
        undefined={"weights": NO_WEIGHTS},
    ),
    "RERI, AP, S": Case(
        risks_by_cell({True: [[1 / 4, 2 / 5], [2 / 5, 1 / 2]], False: [[0.2, 0.3], [0.3, 0.6]]}),
        run_reri, n=1000, truth={"reri": 6 - 2 * 12 / 7 + 1, "ap": (6 - 2 * 12 / 7 + 1) / 6},
        fails={"recoding": "another reference group is another measure; `recode` moves it"},
        undefined={"weights": NO_WEIGHTS, "label": MEASURE},
    ),
    "RERI of three levels": Case(
        draw_levels, run_levels, conservative=True, n=1000, truth={"second": 0.0, "third": 2.0},
        fails={"recoding": "another reference group is another measure"},
        undefined={"weights": NO_WEIGHTS, "label": MEASURE},
    ),
    "interaction of risks": Case(
        risks_by_cell({True: [[0.2, 0.3], [0.3, 0.4]], False: [[0.2, 0.3], [0.3, 0.6]]}),
        run_contrast, n=400, truth={"contrast": 0.2}, label="g-computation",
        undefined={"weights": NO_WEIGHTS},
    ),
    "mediation": Case(
        draw_mediation,  run_mediation, n=150, label="mediation, quasi-Bayes", mirror=swap_effects,
        truth={"acme": 0.08, "ade": 0.1, "total": 0.18}, undefined={"p in a batch": OWN_STREAM},
    ),
    "Kaplan-Meier, log-rank": Case(
        draw_transfers, run_curves, label="Kaplan-Meier",
        truth={"difference": delivered(0.35) - delivered(0.2)},
    ),
    "Cox": Case(
        draw_transfers, run_cox, label="Cox, efron ties",
        undefined={"truth": "Efron's ties are for times grouped by chance, not for discrete ones"},
        fails=TIES,
    ),
    "Cox, exact ties": Case(
        draw_transfers, lambda c, w=None: run_cox(c, w, "exact"), label="Cox, exact ties",
        truth={"log hazard ratio": log_odds(0.35) - log_odds(0.2)},
        fails=TIES,
    ),
    "discrete time, logit": Case(
        draw_transfers, discrete("logit"), label="discrete time, logit",
        truth={"log ratio": log_odds(0.35) - log_odds(0.2)}, undefined={"weights": NO_WEIGHTS},
    ),
    "discrete time, cloglog": Case(
        draw_transfers, discrete("cloglog"), label="discrete time, cloglog",
        truth={"log ratio": float(np.log(np.log(1 - 0.35) / np.log(1 - 0.2)))},
        undefined={"weights": NO_WEIGHTS},
    ),
    "GEE, exchangeable": Case(
        draw_embryos, clustered(gee_odds_ratio), label="GEE, exchangeable",
        truth={"effect": log_odds(0.6)}, undefined={"weights": NO_WEIGHTS},
    ),
    "GEE, independence": Case(
        draw_embryos, clustered(lambda d, q: gee_odds_ratio(d, q, "independence")),
        label="GEE, independence", truth={"effect": log_odds(0.6)},
        undefined={"weights": NO_WEIGHTS},
    ),
    "ratio estimator": Case(
        draw_embryos, clustered(rate_difference), label="ratio estimator", truth={"effect": 0.1},
        undefined={"weights": NO_WEIGHTS},
    ),
    "quasi-binomial": Case(
        draw_embryos, clustered(overdispersed_odds_ratio), label="quasi-binomial",
        truth={"effect": log_odds(0.6)}, undefined={"weights": NO_WEIGHTS},
    ),
    "embryos as units": Case(
        draw_embryos, clustered(naive_odds_ratio), label="naive, embryos as units",
        truth={"effect": log_odds(0.6)}, undefined={"weights": NO_WEIGHTS},
        fails={"size": "embryos of one couple are alike, and it does not know it"},
    ),
    "random intercepts": Case(
        draw_intercepts, run_mixed, n=40, truth={"log odds ratio": 0.6},
        undefined={
            "weights": NO_WEIGHTS, "label": A_FIT, "batch": SINGLE,
            "size": "a thousand fits take minutes; its error is that of R in the reference tests",
        },
    ),
    "Wilcoxon": Case(
        draw_values, run_wilcoxon, label="Wilcoxon rank-sum",
        truth={"share above": float(ndtr(0.5 / np.sqrt(2))) - 0.5},
        undefined={"weights": NO_WEIGHTS},
    ),
    "Wilcoxon, counted": Case(
        draw_values, run_wilcoxon, label="Wilcoxon rank-sum", n=24, conservative=True,
        truth={"share above": float(ndtr(0.5 / np.sqrt(2))) - 0.5},
        undefined={"weights": NO_WEIGHTS},
    ),
    "Welch": Case(
        draw_values, run_welch, label="Welch t",
        undefined={"weights": NO_WEIGHTS, "truth": "t estimates nothing; it grows with the study"},
        fails={"every patient twice": "t estimates nothing; it grows with the study"},
    ),
    "Kruskal-Wallis": Case(
        draw_values, run_kruskal, label="Kruskal-Wallis", mirror=same,
        undefined={"weights": NO_WEIGHTS, "truth": "H estimates nothing; it grows with the study"},
        fails={"every patient twice": "H estimates nothing; it grows with the study"},
    ),
    "chi-square": Case(
        draw_binary, run_chi_square, label="chi-square", mirror=same,
        undefined={"weights": NO_WEIGHTS, "truth": "it grows with the study"},
        fails={"every patient twice": "it grows with the study"},
    ),
    "chi-square, Yates": Case(
        draw_binary, run_yates, label="chi-square, Yates", mirror=same, conservative=True,
        undefined={"weights": NO_WEIGHTS, "truth": "it grows with the study"},
        fails={"every patient twice": "it grows with the study"},
    ),
    "Fisher": Case(
        draw_binary, run_fisher, conservative=True,
        truth={"log odds ratio": log_odds(0.5) - log_odds(0.3)},
        undefined={"weights": NO_WEIGHTS, "label": "its name is its class"},
        fails={"every patient twice": "given both margins the odds ratio is nearer to 1"},
    ),
    "score test": Case(
        draw_binary, run_score, label="score", truth={"difference": 0.2},
        undefined={"weights": NO_WEIGHTS},
    ),
    "principal stratum": Case(
        draw_operations, run_stratum, n=400, label="principal stratum",
        truth={"difference": 0.2},
        undefined={"weights": NO_WEIGHTS, "size": "therapy itself brings sperm to patients spared"},
        fails={"recoding": "the stratum is the patients operated under treatment"},
    ),
    "intercept per site": Case(
        draw_sites, run_sites, n=100, truth={"log odds ratio": 0.6},
        undefined={"weights": NO_WEIGHTS, "label": A_FIT},
        fails={"every patient twice": "there are twice the patients and not twice the sites"},
    ),
    "Mantel-Haenszel": Case(
        draw_strata, run_strata, label="mantel-haenszel", truth={"log odds ratio": 0.6},
        undefined={"weights": NO_WEIGHTS},
    ),
    "C-statistic": Case(
        draw_values, run_discrimination, truth={"c": float(ndtr(0.5 / np.sqrt(2))) - 0.5},
        undefined={"weights": NO_WEIGHTS, "label": "its name is its class"},
    ),
    "signed rank": Case(
        draw_pairs, run_pairs, n=100, truth={"median change": 0.5},
        recode=lambda c: {"a": c["x"], "x": c["a"]},
        undefined={
            "size": "the test is SciPy's, one study at a time", "weights": NO_WEIGHTS,
            "label": "its name is its class",
        },
    ),
    "Table 1": Case(
        draw_values, run_table, label="Wilcoxon", mirror=swap_groups,
        undefined={
            "batch": "one table is printed", "size": "its tests are those above",
            "truth": "it describes patients and estimates nothing",
        },
        fails={"weight of two": "weighted quartiles interpolate between patients"},
    ),
}  # fmt: skip

PROPERTIES = (
    "order", "input", "batch", "p in a batch", "weights", "constant weight", "weight of two",
    "every patient twice",    "recoding", "label", "size", "truth",
)  # fmt: skip


def cases(name):
    chosen = {key: case for key, case in CASES.items() if name not in case.undefined}
    return pytest.mark.parametrize("case", chosen.values(), ids=chosen)


@cache
def drawn(case_draw, seed, lead, n, null):
    return case_draw(seed, lead, n, null)


def one(case):
    return drawn(case.draw, 1, (), case.n, False)


def alike(ours, theirs, tolerance=1e-7):
    return all(
        np.asarray(ours[name]) == pytest.approx(np.asarray(theirs[name]), rel=tolerance, abs=1e-7)
        for name in theirs
    )


def holds(case, name, truth):
    """Assert a property, or that it is false if the case lists it in ``fails``."""
    assert bool(truth) != (name in case.fails), case.fails.get(name, name)


def test_every_reason_names_a_property_and_is_a_sentence():
    for case in CASES.values():
        for name, reason in (*case.undefined.items(), *case.fails.items()):
            assert name in PROPERTIES
            assert len(reason.split()) >= 4
        assert not set(case.undefined) & set(case.fails)
        assert "truth" in case.undefined or case.truth


@cases("order")
def test_the_order_of_patients_is_irrelevant(case):
    order = np.random.default_rng(0).permutation(case.n)
    moved = {name: column[..., order] for name, column in one(case).items()}
    holds(case, "order", alike(numbers(case.run(moved)), numbers(case.run(one(case))), 1e-5))


@cases("input")
def test_input_is_not_changed(case):
    columns = {name: column.copy() for name, column in one(case).items()}
    case.run(columns)
    assert all(np.array_equal(columns[name], one(case)[name]) for name in columns)


@cases("batch")
def test_a_batch_is_its_studies_one_by_one(case):
    columns = drawn(case.draw, 2, (6,), case.n, False)
    batch = numbers(case.run(columns))
    if "p in a batch" in case.undefined:
        del batch["p"]
    for i in (0, 3, 5):
        single = numbers(case.run({name: column[i] for name, column in columns.items()}))
        assert alike(single, {name: value[i] for name, value in batch.items()}, 1e-9)


@cases("weights")
def test_weights_of_one_change_nothing(case):
    weighted = numbers(case.run(one(case), np.ones(case.n)))
    assert alike(weighted, {n: v for n, v in numbers(case.run(one(case))).items() if n in weighted})


@cases("weights")
def test_a_constant_weight_leaves_the_estimate(case):
    found = point(case.run(one(case), np.full(case.n, 3.0)))
    holds(case, "constant weight", alike(found, point(case.run(one(case)))))


@cases("weights")
def test_a_weight_of_two_equals_duplicating_the_patient(case):
    chosen = np.arange(case.n) % 3 == 0
    rows = np.r_[np.arange(case.n), np.flatnonzero(chosen)]
    twice = {name: column[..., rows] for name, column in one(case).items()}
    same_point = alike(point(case.run(one(case), 1.0 + chosen)), point(case.run(twice)))
    holds(case, "weight of two", same_point)


@cases("every patient twice")
def test_every_patient_twice_gives_the_same_estimate(case):
    rows = np.tile(np.arange(case.n), 2)
    twice = {name: column[..., rows] for name, column in one(case).items()}
    same_point = alike(point(case.run(twice)), point(case.run(one(case))), 1e-6)
    holds(case, "every patient twice", same_point)


@cases("recoding")
def test_recoding_inverts_the_answer(case):
    found = numbers(case.run(case.recode(one(case))))
    expected = case.mirror(numbers(case.run(one(case))))
    tolerance = 1e-3 if case.run is run_mixed else 1e-6
    holds(case, "recoding", alike(found, expected, tolerance))


@cases("label")
def test_the_result_is_labelled(case):
    assert case.run(one(case))["label"].startswith(case.label)
    assert case.label


STUDIES = 1000


@cases("size")
def test_size_at_the_null(case):
    p = case.run(drawn(case.draw, 5, (STUDIES,), case.n, True))["p"]
    rejected = (p[np.isfinite(p)] < 0.05).mean()
    assert np.isfinite(p).mean() > 0.99
    tolerance = 3 * np.sqrt(0.05 * 0.95 / STUDIES)
    if "size" in case.fails:
        assert rejected > 0.05 + tolerance, case.fails["size"]
        return
    assert rejected < 0.05 + tolerance
    assert case.conservative or rejected > 0.05 - tolerance


@cases("truth")
def test_estimates_the_truth_in_large_studies(case):
    if "batch" in case.undefined:
        answer = case.run(drawn(case.draw, 6, (), 1000, False))
        for name, truth in case.truth.items():
            error = np.abs(answer[name] / ndtri(answer["p"] / 2))
            assert abs(answer[name] - truth) < 3 * error
        return
    studies, patients = 25, 3000 if case.n > 50 else case.n
    found = case.run(drawn(case.draw, 6, (studies,), patients, False))
    for name, truth in case.truth.items():
        error = found[name].std(ddof=1) / np.sqrt(studies)
        assert abs(found[name].mean() - truth) < 3 * error + 0.01
