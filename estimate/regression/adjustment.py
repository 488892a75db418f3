"""Regression adjustment: odds ratios given covariates, optionally with a propensity score."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats
from estimate.core.design_matrix import DesignMatrix, design_matrix
from estimate.core.estimand import Estimand
from estimate.core.result import Estimate, wald
from estimate.regression.logistic import fit_logistic
from estimate.regression.logistic_fit import LogisticFit
from estimate.regression.odds_ratio import from_covariance, from_logistic
from estimate.regression.sandwich import Correction, sandwich, scores


def adjusted(
    data: AnalysisSet,
    covariates: Sequence[str] | None = None,
    *,
    score: Floats | None = None,
    method: str = "adjusted",
    population: str = "all patients",
    profile: bool = True,
    errors: Literal["model"] | Correction = "model",
) -> Estimate:
    """Return the odds ratio of treatment given covariates, by logistic regression.

    The estimand is conditional: with an outcome as common as sperm retrieval it is further from 1
    than the marginal odds ratio even without confounding, so that the two must not be compared as
    if they had the same estimand.

    Parameters
    ----------
    covariates
        Names; None takes all of the analysis set.
    score
        (..., n) propensity score, as one more covariate. Together with the covariates of the
        propensity model it is nearly collinear: this does not affect the treatment coefficient, but
        the other coefficients cannot be interpreted.
    method
        Label of the result, for example "model 2".
    profile
        As for `from_logistic`.
    errors
        "model", or robust errors of `sandwich` with Wald's interval and test. Rows that are
        clustered or carry sampling weights always have robust errors.
    """
    chosen = tuple(data.kinds if covariates is None else covariates)
    design = design_matrix(data, chosen)
    names = list(chosen)
    if score is not None:
        design = _with_score(design, data, score)
        names.append("the propensity score")
    estimand = data.conditional_question(names, population)
    fit = fit_logistic(design.X, data.outcome, data.weights)
    column = design.column(data.treatment_name)
    if data.robust:
        return _clustered(data, design, fit, column, estimand, method)
    if errors != "model":
        cov = sandwich(design.X, data.outcome, fit, data.weights, correction=errors)
        return wald(
            estimand, method, "odds ratio", fit.coef[..., column],
            np.sqrt(cov[..., column, column]), data.n, interval=f"Wald, {errors}",
            converged=fit.converged, df=data.n - len(design.names) if errors == "survey" else None,
        )  # fmt: skip
    return from_logistic(
        fit, design.X, data.outcome, column, estimand, method, n=data.n, weights=data.weights,
        profile=profile,
    )  # fmt: skip


def _clustered(
    data: AnalysisSet,
    design: DesignMatrix,
    fit: LogisticFit,
    column: int,
    estimand: Estimand,
    method: str,
) -> Estimate:
    """Return the odds ratio with errors that allow for dependence within clusters."""
    terms = data.by_unit(scores(design.X, data.outcome, fit, data.weights))
    cov = fit.cov @ (terms.swapaxes(-1, -2) @ terms) @ fit.cov
    return from_covariance(
        estimand, method, fit, column, cov, data.n, interval=data.labelled("Wald, HC0"),
        df=data.df_of_regression(len(design.names)),
    )  # fmt: skip


def _with_score(design: DesignMatrix, data: AnalysisSet, score: Floats) -> DesignMatrix:
    column = np.where(data.include, score, 0.0)[..., None]
    return DesignMatrix(
        np.concatenate([design.X, column], axis=-1), (*design.names, "propensity score")
    )
