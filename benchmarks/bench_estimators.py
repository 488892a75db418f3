"""Adjusted and weighted analyses of many studies: batched here, against a statsmodels loop.

600 patients, treatment and six covariates; both give the same numbers, which is asserted first.
"""

import numpy as np
import statsmodels.api as sm
from scipy.special import expit

from benchmarks.timing import best_of
from estimate.causal.matching import match_nearest
from estimate.causal.propensity import propensity
from estimate.causal.weighting import iptw, weights
from estimate.core.analysis_set import AnalysisSet
from estimate.core.columns import Numeric
from estimate.core.complete_cases import analysis_set
from estimate.methods.offered_methods import methods_of
from estimate.plan.analyse import analyse
from estimate.plan.spec import Plan
from estimate.regression.adjustment import adjusted
from estimate.regression.logistic import fit_logistic

PATIENTS, COVARIATES, STUDIES, FEW = 600, 6, 1000, 50


def draw() -> AnalysisSet:
    random = np.random.default_rng(1)
    x = random.normal(size=(COVARIATES, STUDIES, PATIENTS))
    treated = random.random((STUDIES, PATIENTS)) < expit(0.7 + 0.4 * x[0] - 0.3 * x[1])
    yes = random.random((STUDIES, PATIENTS)) < expit(-1 + 0.45 * treated + 0.5 * x[0] - 0.3 * x[2])
    columns = {
        "gonadotropin_therapy": treated,
        "y": yes,
        **{f"x{i}": column for i, column in enumerate(x)},
    }
    kinds = {f"x{i}": Numeric() for i in range(COVARIATES)}
    return analysis_set(columns, treatment="gonadotropin_therapy", outcome="y", covariates=kinds)


def batched_fits(design: np.ndarray, data: AnalysisSet) -> np.ndarray:
    return fit_logistic(design, data.outcome).coef


def looped_fits(design: np.ndarray, data: AnalysisSet) -> np.ndarray:
    pairs = zip(design[:FEW], data.outcome[:FEW], strict=True)
    return np.array([sm.Logit(y, x).fit(disp=0).params for x, y in pairs])


def batched_iptw(data: AnalysisSet) -> np.ndarray:
    score = propensity(data)
    answer = iptw(data, score, weights(data, score), errors="HC0")[2]
    return np.stack([np.log(answer.estimate), answer.std_error], axis=-1)


def looped_iptw(data: AnalysisSet) -> np.ndarray:
    """Fit score and robust marginal model; HC0 is correct only with `var_weights`."""
    found = []
    for i in range(FEW):
        covariates = np.column_stack([np.ones(PATIENTS), *(c[i] for c in data.covariates.values())])
        arm, y = data.treatment[i], data.outcome[i]
        e = sm.Logit(arm, covariates).fit(disp=0).predict()
        marginal = np.column_stack([np.ones(PATIENTS), arm])
        w = arm / e + (1 - arm) / (1 - e)
        family = sm.families.Binomial()
        fit = sm.GLM(y, marginal, family=family, var_weights=w).fit(cov_type="HC0")
        found.append((fit.params[1], fit.bse[1]))
    return np.array(found)


def cohort() -> tuple[dict[str, np.ndarray], Plan]:
    """Draw one study of 542 patients with gaps, and a plan with every method."""
    random = np.random.default_rng(2)
    x = random.normal(size=(9, 542))
    treated = random.random(542) < expit(0.7 + 0.4 * x[0])
    yes = random.random(542) < expit(-1 + 0.45 * treated + 0.5 * x[0])
    x[4:, :][random.random((5, 542)) < 0.08] = np.nan
    plan = Plan(
        treatment="gonadotropin_therapy",
        outcome="y",
        covariates={f"x{i}": "numeric" for i in range(9)},
        methods=methods_of("analyse"),
        missing={"method": "mice", "imputations": 20, "iterations": 10},
    )
    return {
        "gonadotropin_therapy": treated,
        "y": yes,
        **{f"x{i}": column for i, column in enumerate(x)},
    }, plan


def main() -> None:
    data = draw()
    design = np.stack(
        [np.ones((STUDIES, PATIENTS)), data.treatment, *data.covariates.values()], axis=-1
    )
    few = data[:FEW]
    assert np.allclose(batched_fits(design, data)[:FEW], looped_fits(design, data), atol=1e-6)
    assert np.allclose(batched_iptw(few), looped_iptw(data), atol=1e-6)
    score = propensity(few)
    seconds = best_of(
        3,
        {
            "logistic fits, batched": lambda: batched_fits(design, data),
            "logistic fits, statsmodels loop": lambda: looped_fits(design, data),
            "IPTW with HC0, batched": lambda: batched_iptw(data),
            "IPTW with HC0, statsmodels loop": lambda: looped_iptw(data),
            "adjusted, profile interval and LRT": lambda: adjusted(data),
            "nearest matching 1:1": lambda: match_nearest(few, score, "untreated"),
        },
    )
    counts = [STUDIES, FEW, STUDIES, FEW, STUDIES, FEW]
    rates = [count / took for count, took in zip(counts, seconds.values(), strict=True)]
    for name, rate in zip(seconds, rates, strict=True):
        print(f"{name:36s} {rate:8.0f} studies/s on one core")
    table, plan = cohort()
    (took,) = best_of(2, {"plan": lambda: analyse(table, plan)}).values()
    methods = len(plan.methods)
    print(f"one cohort of 542 patients, 20 x 10 imputations, {methods} methods: {took:.2f} s")
    print(f"ratios: fits {rates[0] / rates[1]:.1f}, IPTW {rates[2] / rates[3]:.1f}")
