"""Estimates of one table, logistic regression and meta-analysis against R."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from estimate.comparison.contingency import TwoByTwo, odds_ratio, risk_difference, risk_ratio
from estimate.comparison.exact.two_by_two import fisher_2x2
from estimate.comparison.risk_difference import newcombe_interval
from estimate.comparison.two_sample import chi_square
from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.core.design_matrix import design_matrix
from estimate.core.estimand import Estimand
from estimate.meta_analysis.pooling import pool_effects
from estimate.meta_analysis.study_effects import EffectScale, effects_from_counts
from estimate.regression.logistic import fit_logistic
from estimate.regression.sandwich import sandwich
from pretese.validation.comparison import Comparison, Pairs, compared
from pretese.validation.values_file import FOLDER, values

TABLES = "two-by-two tables"
REGRESSION = "logistic regression"
POOLING = "meta-analysis"

_SCALES: dict[str, EffectScale] = {"OR": "odds ratio", "RR": "risk ratio", "RD": "risk difference"}

#: Covariates of the models of the cohort that R fitted.
_MODELS = {
    "unadjusted": [],
    "model1": ["age"],
    "model2": ["age", "dur", "bmi", "dx"],
    "model3": ["age", "dur", "bmi", "dx", "lh", "fsh", "t", "e2", "prl"],
}
_KINDS: dict[str, Any] = {
    name: Numeric() for name in ("age", "dur", "bmi", "lh", "fsh", "t", "e2", "prl")
} | {"dx": Categorical(("idiopathic", "cryptorchidism", "orchitis", "azfc"))}


def tables() -> Iterator[Comparison]:
    """Yield estimates, intervals and tests of the tables printed in the article."""
    question = Estimand("patients", "therapy 1 vs 0", "outcome", "")
    for name, known in values("counts").items():
        table = TwoByTwo.of(*known["n"])
        ratio, relative = odds_ratio(table, question), risk_ratio(table, question)
        difference = risk_difference(table, question)
        plain, yates = chi_square(table.matrix, yates=False), chi_square(table.matrix, yates=True)
        newcombe = newcombe_interval(
            table.treated_yes, table.treated, table.untreated_yes, table.untreated
        )
        words = name.replace("_", " ")
        pairs: Pairs = [
            (f"{words}: odds ratio", known["OR"], ratio.estimate),
            (f"{words}: its standard error (log)", known["logOR_se"], ratio.std_error),
            (f"{words}: likelihood ratio p", known["p_lrt"], ratio.p_value),
            (f"{words}: chi-squared", known["chisq"], plain.statistic),
            (f"{words}: chi-squared p", known["p_chisq"], plain.p_value),
            (f"{words}: chi-squared with Yates' correction", known["chisq_yates"], yates.statistic),
            (f"{words}: Fisher's p", known["fisher_p"], fisher_2x2(table.matrix).p_value),
            (f"{words}: risk ratio", known["RR"], relative.estimate),
            (f"{words}: its limit", known["RR_ci"], [relative.conf_low, relative.conf_high]),
            (f"{words}: risk difference", known["RD"], difference.estimate),
            (f"{words}: Newcombe's limit", known["RD_newcombe"], newcombe),
        ]
        yield from compared(TABLES, name, "R 4.2.2", 1e-8, pairs, relative=True)


def logistic() -> Iterator[Comparison]:
    """Yield coefficients, errors and likelihoods of four models of a simulated cohort."""
    import pandas as pd

    patients = analysis_set(
        pd.read_csv(FOLDER / "cohort.csv"), treatment="therapy", outcome="y", covariates=_KINDS
    )
    for name, covariates in _MODELS.items():
        known, matrix = values("logistic")[name], design_matrix(patients, covariates).X
        fit = fit_logistic(matrix, patients.outcome, patients.weights)
        pairs: Pairs = [
            (f"{name}: coefficient", known["coef"], fit.coef),
            (f"{name}: standard error", known["se"], np.sqrt(np.diag(fit.cov))),
            (f"{name}: log likelihood", known["loglik"], fit.loglik),
        ]
        for kind in ("HC0", "HC3"):
            robust = sandwich(matrix, patients.outcome, fit, patients.weights, correction=kind)
            found = np.sqrt(np.diag(robust))
            pairs.append((f"{name}: {kind} standard error", known[f"se_{kind}"], found))
        source = "R 4.2.2, glm and sandwich"
        yield from compared(REGRESSION, name, source, 1e-6, pairs, relative=True)


def pooling() -> Iterator[Comparison]:
    """Yield pooled effects and heterogeneity by seven estimators."""
    for name, known in values("meta_analysis").items():
        x1, n1, x2, n2 = (
            np.array([row[key] for row in known["counts"]]) for key in ("x1", "n1", "x2", "n2")
        )
        for scale, by_method in known.items():
            if scale not in _SCALES:
                continue
            studies = effects_from_counts(x1, n1, x2, n2, _SCALES[scale])
            for method, figures in by_method.items():
                fit = pool_effects(studies, method)
                found = {
                    "effect": fit.coefficient[0], "se": fit.std_error[0], "low": fit.conf_low[0],
                    "high": fit.conf_high[0], "tau2": fit.tau2, "i2": fit.i2_percent,
                }  # fmt: skip
                pairs: Pairs = [
                    (f"{name}, {_SCALES[scale]}, {method}: {figure}", wanted, found[figure])
                    for figure, wanted in figures.items()
                ]
                source = "metafor 3.8 (R 4.2.2)"
                yield from compared(POOLING, name, source, 2e-6, pairs, relative=True)
