"""Misuse of propensity scores and weights: with covariates as well, as counts of patients."""

import numpy as np

from estimate.causal.propensity import propensity
from estimate.causal.weighting import iptw, iptw_adjusted, weights
from estimate.core.arrays import Floats
from estimate.core.design_matrix import design_matrix
from estimate.regression.logistic import fit_logistic
from pretese.article.pitfalls.pitfall_result import (
    MORE,
    Pitfall,
    mean_of,
    mean_ratio,
    share_of,
)
from pretese.article.pitfalls.simulated_studies import (
    EVERYTHING,
    Drawn,
    given_all,
)


def score_beside_covariates(replicates: int, seed: int) -> Pitfall:
    """Put the propensity score into one model with its own covariates."""
    drawn = Drawn.of("paper", replicates, seed)
    data = drawn.data(covariates=EVERYTHING)
    score = propensity(data)
    design = design_matrix(data)
    both = np.concatenate([design.X, score.score[..., None]], axis=-1)
    alone, doubled = (fit_logistic(X, data.outcome) for X in (design.X, both))
    errors = [np.sqrt(np.einsum("...pp->...p", fit.cov)) for fit in (alone, doubled)]
    inflation = np.exp(np.log(errors[1][..., 2:-1] / errors[0][..., 2:]).mean(-1))
    return Pitfall(
        "score-beside-covariates",
        "The propensity score together with its own covariates",
        ("paper",),
        "One regression contains therapy, the covariates, and the propensity score computed from "
        "these covariates. What does the score add?",
        (
            mean_of(
                "variance of the score explained by a linear model of its covariates",
                100 * _explained(score.score, design.X[..., [0, *range(2, design.X.shape[-1])]]),
                "percent",
            ),
            mean_ratio("odds ratio, adjusted for covariates", np.exp(alone.coef[..., 1])),
            mean_ratio("adjusted for covariates and score", np.exp(doubled.coef[..., 1])),
            mean_ratio("its standard error, ratio with to without score", errors[1][..., 1]
                       / errors[0][..., 1]),
            mean_ratio("standard errors of the covariates, ratio with to without score", inflation),
        ),
        "The score is a function of the covariates and adjusts for them a second time: the effect "
        "of therapy does not change. The coefficients of the covariates now compare patients who "
        "differ in one covariate but have the same score; they lose their interpretation, and "
        "their standard errors increase. Adjust for the covariates or for the score.",
    )  # fmt: skip


def weights_and_covariates(replicates: int, seed: int) -> Pitfall:
    """Adjust the weighted regression for the covariates as well."""
    drawn = Drawn.of("strong-confounding", replicates, seed)
    data = drawn.data(covariates=EVERYTHING)
    score = propensity(data)
    w = weights(data, score, "ate", stabilised=True)
    alone, both = iptw(data, score, w)[2], iptw_adjusted(data, score, w)
    given = given_all(data)
    target = float(np.exp(np.log(drawn.truth()).mean()))
    return Pitfall(
        "weights-and-covariates",
        "Stabilised weights with the covariates in the model as well",
        ("strong-confounding",),
        "Patients are weighted, and the weighted regression contains the covariates too. Which "
        "odds ratio does it estimate?",
        (
            mean_ratio("true marginal odds ratio", drawn.truth()),
            mean_ratio("weighted", alone.estimate),
            mean_ratio("weighted and adjusted for the covariates", both.estimate),
            mean_ratio("adjusted for the covariates, without weights", given.estimate),
            mean_ratio(
                "ratio of weighted and adjusted to weighted, within studies",
                both.estimate / alone.estimate,
            ),
            share_of(
                "coverage of the true marginal odds ratio, weights treated as counts",
                (both.conf_low <= target) & (target <= both.conf_high),
            ),
        ),
        "Weighting without covariates estimates the marginal odds ratio. With covariates in the "
        "model the "
        "estimand becomes the conditional odds ratio, which is further from 1 for a common outcome "
        "even if both models are correct. It is the estimate of the regression and does not "
        "confirm the weighted one.",
    )


def _explained(y: Floats, columns: Floats) -> Floats:
    """Return the proportion of the variance of y (..., n) explained by columns (..., n, p)."""
    rows = columns.swapaxes(-1, -2)
    coef = np.linalg.solve(rows @ columns, rows @ y[..., None])
    residual = y - np.matmul(columns, coef)[..., 0]
    return np.asarray(1 - residual.var(-1) / y.var(-1))


def naive_weighted_error(replicates: int, seed: int) -> Pitfall:
    """Treat weights as counts of patients."""
    many = MORE * replicates  # one or two percentage points of coverage need thousands of studies
    drawn = Drawn.of("paper", many, seed)
    data = drawn.data(covariates=EVERYTHING)
    score = propensity(data)
    plain, stable = weights(data, score, "ate"), weights(data, score, "ate", stabilised=True)
    target = float(np.exp(np.log(drawn.truth()).mean()))
    methods = (
        (
            "model-based error, weights treated as counts",
            iptw(data, score, plain, errors="naive")[2],
        ),
        ("the same with stabilised weights", iptw(data, score, stable, errors="naive")[2]),
        ("robust (sandwich) error", iptw(data, score, plain, errors="HC0")[2]),
        ("M-estimation, allowing for the estimated propensity", iptw(data, score, plain)[2]),
        (
            "M-estimation with leverage correction (HC3)",
            iptw(data, score, plain, errors="M-estimation HC3")[2],
        ),
    )
    return Pitfall(
        "naive-weighted-error",
        "Weights are not patients",
        ("paper",),
        f"What is the coverage of the 95 % interval of the weighted odds ratio, in {many} studies?",
        tuple(
            share_of(words, (each.conf_low <= target) & (target <= each.conf_high))
            for words, each in methods
        ),
        "A patient of weight 3 is not three patients. Unstabilised weights in an ordinary "
        "regression give intervals that are far too narrow. The sandwich error is the conservative "
        "choice. M-estimation gives shorter intervals, whose coverage can fall a "
        "little short where single weights are large.",
    )
