"""Analyse trials at a look by the method of the design, all trials at once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimate.logistic import fit_logistic
from estimate.result import Estimate, wald
from estimate.risk_difference import compare_arms
from estimate.robust_standardisation import standardise
from estimate.stratified import cochran_mantel_haenszel, count_strata, mantel_haenszel
from pretese.trial.conduct import Trials, strata_of
from pretese.trial.design import Design

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

#: Numbers of an estimate, one per trial.
_ARRAYS = (
    "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "n", "converged",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Data:
    """What an analysis may see of the first men of every trial, shape (replicate, man)."""

    outcome: Floats
    arm: Floats
    include: Flags
    design: Design
    trials: Trials


def observe(design: Design, trials: Trials, effect: float) -> tuple[Floats, Flags]:
    """Return outcomes as recorded, and who can be analysed; men lost are failures or left out."""
    control, treated = trials.potential(effect)
    counted0, counted1 = trials.counted(effect)
    assigned = trials.arm == 1
    success = np.where(assigned, treated, control)
    include = np.where(assigned, counted1, counted0)
    if design.endpoint.missing == "failure":
        success = success & ~trials.lost
    else:
        include = include & ~trials.lost
    if design.endpoint.crossover == "excluded":
        include = include & (trials.received == trials.arm)
    return success.astype(float), include


def analyse(data: Data, men: int) -> Estimate:
    """Compare the arms among the first ``men`` of every trial."""
    y, arm, include = data.outcome[:, :men], data.arm[:, :men], data.include[:, :men]
    match data.design.analysis.method:
        case "unadjusted":
            return _unadjusted(data, y, arm, include)
        case "mantel-haenszel":
            return _stratified(data, y, arm, include, men)
        case "standardised":
            return _standardised(data, y, arm, include, men)
        case "logistic":
            return _logistic(data, y, arm, include, men)


def signed_statistic(estimate: Estimate) -> Floats:
    """Return (replicate,) z statistics, positive in favour of treatment; NaN without an answer."""
    return np.asarray(np.where(estimate.converged, estimate.statistic, np.nan))


def _unadjusted(data: Data, y: Floats, arm: Floats, include: Flags) -> Estimate:
    x1, n1 = (y * arm * include).sum(1), (arm * include).sum(1)
    x0, n0 = (y * (1 - arm) * include).sum(1), ((1 - arm) * include).sum(1)
    return compare_arms(x1, n1, x0, n0, data.design.estimand, variance="Farrington-Manning")


def _stratified(data: Data, y: Floats, arm: Floats, include: Flags, men: int) -> Estimate:
    design, trials = data.design, data.trials
    place, count = strata_of(
        design.analysis.strata, trials.site, len(design.sites), trials.candidates
    )
    counts = count_strata(np.where(include, y, np.nan), arm, place[:, :men], count)
    answer = mantel_haenszel(counts, design.estimand)[0]
    chi2, p = cochran_mantel_haenszel(counts)
    z = np.sign(answer.estimate) * np.sqrt(chi2)
    return Estimate(
        estimand=answer.estimand,
        method=answer.method,
        scale=answer.scale,
        estimate=answer.estimate,
        std_error=answer.std_error,
        statistic=z,
        p_value=p,
        conf_low=answer.conf_low,
        conf_high=answer.conf_high,
        interval=answer.interval,
        n=include.sum(1),
        converged=answer.converged & np.isfinite(z),
        test="Cochran-Mantel-Haenszel",
    )


def _standardised(data: Data, y: Floats, arm: Floats, include: Flags, men: int) -> Estimate:
    design, rule, trials = data.design, data.design.randomisation, data.trials
    stratum: Codes | None = None
    if rule.method == "stratified":
        stratum = strata_of(rule.by, trials.site, len(design.sites), trials.candidates)[0][:, :men]

    def fit(rows: Flags, x: Floats) -> Estimate:
        risks = standardise(
            y[rows],
            arm[rows],
            x,
            include=None if include.all() else include[rows],
            stratum=None if stratum is None else stratum[rows],
            small_sample=design.analysis.small_sample,
        )
        return risks.compare(design.estimand, "standardised", "Wald, Ye")[0]

    return _by_pattern(data, include, men, fit)


def _logistic(data: Data, y: Floats, arm: Floats, include: Flags, men: int) -> Estimate:
    def fit(rows: Flags, x: Floats) -> Estimate:
        design = np.concatenate([np.ones_like(arm[rows])[..., None], arm[rows][..., None], x], -1)
        weights = None if include.all() else include[rows].astype(float)
        found = fit_logistic(design, y[rows], weights)
        error = np.sqrt(np.maximum(found.cov[..., 1, 1], 0.0))
        return wald(
            data.design.estimand,
            "logistic",
            "odds ratio",
            found.coef[..., 1],
            error,
            include[rows].sum(1),
            converged=found.converged & ~found.separated,
        )

    return _by_pattern(data, include, men, fit)


def _by_pattern(
    data: Data, include: Flags, men: int, fit: Callable[[Flags, Floats], Estimate]
) -> Estimate:
    """Fit trials that lack the same levels (a site without men, say) together, without those."""
    x, keep = columns(data, include, men)
    patterns, which = np.unique(keep, axis=0, return_inverse=True)
    parts = [(which == k, pattern) for k, pattern in enumerate(patterns)]
    answers = [(rows, fit(rows, x[rows][..., pattern])) for rows, pattern in parts]
    if len(answers) == 1:
        return answers[0][1]
    joined = {name: np.empty(len(include), getattr(answers[0][1], name).dtype) for name in _ARRAYS}
    for rows, answer in answers:
        for name, values in joined.items():
            values[rows] = getattr(answer, name)
    first = answers[0][1]
    return Estimate(
        estimand=first.estimand,
        method=first.method,
        scale=first.scale,
        interval=first.interval,
        test=first.test,
        **joined,
    )


def columns(data: Data, include: Flags, men: int) -> tuple[Floats, Flags]:
    """Return (replicate, man, column) covariates, and (replicate, column) which a trial can use.

    Numbers are in standard units. Every level of a factor has an indicator; a trial uses those of
    the levels that occur in it, but for the first of them, the reference.

    A missing baseline value becomes the mean of the trial: right in a randomised trial, where it
    cannot depend on the arm (White IR, Thompson SG. *Stat Med* 2005;24:993-1007).
    """
    design, trials = data.design, data.trials
    found, keep = [np.empty((*include.shape, 0))], [np.empty((len(include), 0), bool)]
    for name in design.analysis.covariates:
        value = trials.candidates.baseline[name][:, :men]
        mean = np.nanmean(value, axis=1, keepdims=True)
        spread = np.nanstd(value, axis=1, keepdims=True)
        found.append(np.where(np.isnan(value), 0.0, (value - mean) / spread)[..., None])
        keep.append(np.ones((len(include), 1), bool))
    for name in design.analysis.strata:
        place, levels = strata_of((name,), trials.site, len(design.sites), trials.candidates)
        member = place[:, :men, None] == np.arange(levels)
        occurs = (member & include[..., None]).any(1)
        first = np.cumsum(occurs, axis=1) == 1
        found.append(member.astype(float))
        keep.append(occurs & ~(first & occurs))
    return np.concatenate(found, -1), np.concatenate(keep, -1)
