"""Effects on a continuous outcome: unadjusted, by ANCOVA, weighting and prediction.

ANCOVA is statsmodels' OLS with HC3 errors (equal to R's lm and sandwich::vcovHC); the others use
the weights and influence functions of 0/1 outcomes, with means in place of risks.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from estimate.causal.entropy_balancing import EntropyTarget, entropy_risks
from estimate.causal.weighting import Errors, weighted_risks
from estimate.comparison.two_risks import Risks
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.design_matrix import design_matrix
from estimate.core.estimand import POPULATIONS, Target
from estimate.core.result import Estimate, wald
from estimate.methods.shared_work import Work


def mean_difference(data: AnalysisSet) -> Estimate:
    """Return the difference of the arms' means: Welch's test, or clustered errors.

    Examples
    --------
    >>> from estimate.core.complete_cases import analysis_set
    >>> table = {"arm": [0, 0, 0, 1, 1, 1], "y": [9.0, 11, 13, 12, 15, 18]}
    >>> data = analysis_set(table, treatment="arm", outcome="y", outcome_kind="continuous")
    >>> answer = mean_difference(data)
    >>> print(f"{answer.estimate:.1f} ({answer.conf_low:.2f} to {answer.conf_high:.2f})")
    4.0 (-2.13 to 10.13)
    """
    means, terms, errors, freedom = [], [], [], []
    for arm in (data.treatment > 0, data.treatment <= 0):
        inside = (arm & data.include) * (1.0 if data.sampling is None else data.sampling)
        n = inside.sum(-1)
        mean = (inside * data.outcome).sum(-1) / n
        residual = inside * (data.outcome - mean[..., None])
        means.append(mean)
        terms.append(residual / n[..., None])
        with np.errstate(divide="ignore", invalid="ignore"):
            errors.append((residual**2).sum(-1) / (n - 1) / n)
            freedom.append(errors[-1] ** 2 / (n - 1))
    if not data.robust:
        error = np.sqrt(errors[0] + errors[1])
        with np.errstate(divide="ignore", invalid="ignore"):
            df = (errors[0] + errors[1]) ** 2 / (freedom[0] + freedom[1])
        label = "Welch t"
    else:
        units = data.by_unit(terms[0][..., None] - terms[1][..., None])
        error, df, label = np.sqrt((units**2).sum((-2, -1))), data.df, data.labelled("t")
    return wald(
        data.question("all patients", "mean difference"), "unadjusted", "mean difference",
        means[0] - means[1], error, data.n, interval=label, df=df,
    )  # fmt: skip


def ancova(
    data: AnalysisSet,
    covariates: Sequence[str] | None = None,
    *,
    method: str = "adjusted",
    errors: Literal["HC3", "HC0", "HC1", "HC2", "model"] = "HC3",
) -> Estimate:
    """Return the mean difference given covariates: linear regression, robust errors.

    Parameters
    ----------
    covariates
        Names; None takes all of the analysis set.
    errors
        "model" assumes equal variances. Clustered rows have the errors of clusters, and rows with
        sampling weights those of the survey: R's svyglm, also its degrees of freedom.
    """
    import statsmodels.api as sm  # half a second to load

    design = design_matrix(data, covariates)
    column, lead = design.column(data.treatment_name), data.include.shape[:-1]
    value, error, df = (np.full(lead, np.nan) for _ in range(3))
    for at in np.ndindex(lead):
        here = data.include[at]
        X, y = design.X[at][here], data.outcome[at][here]
        if np.linalg.matrix_rank(X) < X.shape[1] or len(y) <= X.shape[1]:
            continue
        if data.sampling is not None:
            terms = _survey_terms(sm.WLS(y, X, weights=data.sampling[at][here]).fit(), data, at)
            value[at], error[at] = terms[0][column], np.sqrt(terms[1][column])
            df[at] = np.asarray(data[at].df_of_regression(X.shape[1]))
            continue
        model = sm.OLS(y, X)
        if data.cluster is None:
            fit = model.fit(cov_type={"model": "nonrobust"}.get(errors, errors), use_t=True)
            left = len(y) - X.shape[1]
        else:
            groups = data.cluster[at][here]
            fit = model.fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
            left = len(np.unique(groups)) - 1
        value[at], error[at], df[at] = fit.params[column], fit.bse[column], left
    names = ", ".join(data.kinds if covariates is None else covariates)
    summary = f"mean difference given {names}" if names else "mean difference"
    return wald(
        data.question("all patients", summary), method, "mean difference", value, error, data.n,
        interval=data.labelled("t") if data.robust else f"t, {errors}",
        converged=np.isfinite(value), df=np.where(np.isfinite(df), df, 1.0),
    )  # fmt: skip


def _survey_terms(fit: Any, data: AnalysisSet, at: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return coefficients of a weighted regression and their linearised variances."""
    one, here = data[at], data.include[at]
    X, weights = fit.model.exog, fit.model.weights
    influence = (X * (weights * fit.resid)[:, None]) @ fit.normalized_cov_params
    rows = np.zeros((len(here), X.shape[1]))
    rows[here] = influence
    units = one.by_unit(rows)
    return np.asarray(fit.params), np.asarray((units**2).sum(0))


def weighted_difference(work: Work, target: Target, errors: Errors = "M-estimation") -> Estimate:
    """Return the difference of weighted means; by default errors account for the score."""
    data = work.data
    found = weighted_risks(data, work.score, work.weights(target), errors=errors)
    return _of_risks(data, found, f"iptw-{target}", target, errors)


def balanced_difference(
    work: Work, target: EntropyTarget, errors: Literal["M-estimation", "HC0"] = "M-estimation"
) -> Estimate:
    """Return the difference of means under entropy balancing."""
    w = work.entropy(target)
    found = entropy_risks(work.data, w, work.choices.propensity, errors=errors)
    return _of_risks(work.data, found, f"entropy-{target}", target, errors)


def _of_risks(
    data: AnalysisSet, found: Risks, method: str, target: Target, errors: str
) -> Estimate:
    """Return the difference of two weighted means."""
    cov = found.cov
    variance = cov[..., 0, 0] + cov[..., 1, 1] - 2 * cov[..., 0, 1]
    return wald(
        data.question(POPULATIONS[target], "marginal mean difference"), method,
        "mean difference", found.treated - found.untreated, np.sqrt(variance), data.n,
        interval=data.labelled(f"Wald, {errors}"), converged=found.converged, df=found.df,
    )  # fmt: skip


def predicted_difference(work: Work) -> Estimate:
    """Return the mean difference by g-computation: one linear model per arm, averaged over all."""
    means, influence, sound = _by_arm(work.data)
    return _marginal(work.data, "g-computation", means, influence, sound)


def doubly_robust_difference(work: Work) -> Estimate:
    """Return the mean difference by AIPW: linear models per arm, corrected by weighting."""
    data, score = work.data, work.score
    means, _, sound = _by_arm(data)
    arms = (data.treatment > 0, data.treatment <= 0)
    by_patient = [
        predicted + arm * (data.outcome - predicted) / chance
        for predicted, arm, chance in zip(means, arms, (score.score, 1 - score.score), strict=True)
    ]
    influence = np.where(data.include, by_patient[0] - by_patient[1], 0.0)
    centred = influence - (influence.sum(-1) / data.n)[..., None]
    terms = np.where(data.include, centred, 0.0) / data.n[..., None]
    kept = [np.where(data.include, each, 0.0) for each in by_patient]
    return _marginal(data, "aipw", kept, terms, sound & score.fit.converged)


def _by_arm(data: AnalysisSet) -> tuple[list[Floats], Floats, Bools]:
    """Return predictions under both arms (..., n), the influence of each patient, soundness."""
    X = design_matrix(data, treatment=False).X
    n = data.n[..., None]
    predicted, terms, sound = [], [], np.ones(data.include.shape[:-1], bool)
    average = np.where(data.include[..., None], X, 0.0).sum(-2) / n
    for arm in (data.treatment > 0, data.treatment <= 0):
        inside = (arm & data.include).astype(float)
        rows = X * inside[..., None]
        gram = rows.swapaxes(-1, -2) @ X
        inverse = np.linalg.pinv(gram, hermitian=True)
        sound &= np.linalg.matrix_rank(gram, hermitian=True) == X.shape[-1]
        coef = (inverse @ (rows * data.outcome[..., None]).sum(-2)[..., None])[..., 0]
        fitted = np.einsum("...np,...p->...n", X, coef)
        predicted.append(np.where(data.include, fitted, 0.0))
        moved = np.einsum("...np,...pq,...q->...n", rows, inverse, average)
        terms.append(moved * (data.outcome - fitted))
    gap = predicted[0] - predicted[1]
    centred = np.where(data.include, gap - (gap.sum(-1, keepdims=True) / n), 0.0) / n
    return predicted, terms[0] - terms[1] + centred, sound


def _marginal(
    data: AnalysisSet, method: str, means: list[Floats], influence: Floats, sound: Bools
) -> Estimate:
    """Return the difference of averages of (..., n), with the error of its influence function."""
    value = (means[0] - means[1]).sum(-1) / data.n
    units = data.by_unit(influence[..., None])
    return wald(
        data.question("all patients", "marginal mean difference"), method, "mean difference",
        value, np.sqrt((units**2).sum((-2, -1))), data.n,
        interval=data.labelled("Wald, influence function"), converged=sound, df=data.df,
    )  # fmt: skip
