"""Effects in matched patients: risk difference, risk ratio and odds ratio, errors by pair."""

import numpy as np

from estimate.causal.matching import Matches
from estimate.comparison.two_risks import Risks
from estimate.core.analysis_set import AnalysisSet
from estimate.core.clusters import sum_by_cluster
from estimate.core.design_matrix import design_matrix
from estimate.core.result import Estimate
from estimate.regression.logistic import fit_logistic
from estimate.regression.odds_ratio import from_covariance, from_logistic
from estimate.regression.sandwich import sandwich


def matched_effects(data: AnalysisSet, matches: Matches) -> tuple[Estimate, Estimate, Estimate]:
    """Return marginal risk difference, risk ratio and odds ratio in matched patients.

    Standard errors allow for correlation within matched sets and are valid without replacement,
    since the sets are formed without the outcome (Abadie A, Spiess J. *J Am Stat Assoc*
    2022;117:983-995).
    """
    risks, influence, sizes = [], [], []
    w = matches.weights
    for arm in (data.treatment > 0, data.treatment <= 0):
        inside = np.where(arm & data.include, w, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = inside / inside.sum(-1)[..., None]
            risk = (share * data.outcome).sum(-1)
            sizes.append(inside.sum(-1) ** 2 / (inside**2).sum(-1))
            by_patient = share * (data.outcome - risk[..., None])
        risks.append(risk)
        influence.append(np.where(inside > 0, by_patient, 0.0))
    n = np.count_nonzero(matches.pair >= 0, axis=-1)
    sets = sum_by_cluster(np.stack(influence, -1), np.maximum(matches.pair, 0))
    count = np.maximum(matches.pair.max(-1) + 1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = count / (count - 1) * ((n - 1) / (n - 2))  # as HC1 of a regression on treatment
        cov = sets.swapaxes(-1, -2) @ sets * factor[..., None, None]
    sound = np.asarray(np.isfinite(risks[0]) & np.isfinite(risks[1]) & np.isfinite(factor))
    found = Risks(risks[0], risks[1], cov, n, sound, size=np.stack(sizes, -1))
    label = "Wald, clustered by pair" if matches.ratio == 1 else "Wald, clustered by matched set"
    return found.compare(data.question(matches.population), "matching", label)


def matched(
    data: AnalysisSet,
    matches: Matches,
    covariates: list[str] | None = None,
    *,
    clustered: bool = True,
) -> Estimate:
    """Return the odds ratio among matched patients.

    Parameters
    ----------
    covariates
        Names of covariates to adjust for; an empty list for none, None for all.
    clustered
        Whether standard errors allow for correlation within pairs (Austin PC, Small DS. *Stat Med*
        2014;33:4306-4319), with Wald interval and p. False ignores the pairing, with profile
        interval and likelihood-ratio p, as in the published study.
    """
    w = matches.weights
    design = design_matrix(data, covariates)
    fit = fit_logistic(design.X, data.outcome, w)
    column = design.column(data.treatment_name)
    n = np.count_nonzero(matches.pair >= 0, axis=-1)
    clustered = clustered or matches.ratio > 1  # weights are not counts
    estimand = data.conditional_question(covariates, matches.population)
    method = "matching-adjusted"
    if len(design.names) == 2:
        method, estimand = "matching", estimand.as_("marginal odds ratio")
    if not clustered:
        return from_logistic(fit, design.X, data.outcome, column, estimand, method, n=n, weights=w)
    cov = sandwich(
        design.X, data.outcome, fit, w, correction="HC1", clusters=np.maximum(matches.pair, 0)
    )
    interval = "Wald, clustered by pair"
    return from_covariance(estimand, method, fit, column, cov, n, interval=interval)
