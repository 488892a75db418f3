"""Compare the arms of all replicates by the analysis method of the design."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from estimate.causal.principal_stratum import always_operated
from estimate.causal.randomisation_test import (
    RandomisationTest,
    randomisation_test,
    with_randomisation_test,
    with_statistic,
)
from estimate.causal.randomised_g_computation import g_computation_by_arm
from estimate.comparison.count_tests import COUNT_METHODS
from estimate.comparison.risk_difference import hypothesis_z
from estimate.comparison.stratified import (
    StratumCounts,
    cochran_mantel_haenszel,
    count_strata,
    mantel_haenszel,
    stratified_score_interval,
    stratified_score_z,
)
from estimate.core.arrays import Bools, Floats
from estimate.core.result import Estimate, wald
from estimate.regression.coefficient_limits import randomisation_limits
from estimate.regression.logistic import fit_logistic
from estimate.regression.random_intercept import by_site, fit_random_intercept
from pretese.trial.comparison.imputed_outcomes import pooled_over_imputations
from pretese.trial.comparison.model_columns import by_pattern, minimised_columns
from pretese.trial.comparison.site_comparison import site_robust_difference
from pretese.trial.comparison.time_comparison import (
    cox_alone,
    cox_given,
    log_rank_test,
    restricted_mean_gain,
)
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.conduct.strata import strata_of
from pretese.trial.design.endpoint import IMPUTED, EndpointAnalysis
from simulate.recruitment.schemes import SCHEMES

Codes = NDArray[np.int64]


def analyse_trials(data: Data) -> Estimate:
    """Compare the arms in every replicate."""
    analysis = data.design.analysis
    if data.missing is not None:
        return against_null(pooled_over_imputations(data, _RUNS[analysis.method]), analysis)
    found = _RUNS[analysis.method](data)
    tested = analysis.by_counts or analysis.method == "mantel-haenszel"
    return found if tested else against_null(found, analysis)


def unadjusted_statistic(data: Data) -> Floats:
    """Return (replicate,) statistics of the unadjusted score test, for any method of the design."""
    return np.asarray(hypothesis_z(*_counts(data), data.design.analysis.nulls))


def signed_statistic(estimate: Estimate) -> Floats:
    """Return (replicate,) z statistics, positive in favour of treatment, or NaN."""
    return np.asarray(np.where(estimate.converged, estimate.statistic, np.nan))


def _unadjusted(data: Data) -> Estimate:
    if data.design.endpoint.sperm_in_ejaculate == "principal stratum":
        return _stratum(data)
    return _of_counts(data)


def _of_counts(data: Data) -> Estimate:
    test = data.design.analysis.count_test(data.design.monitoring.sides)
    x1, n1, x0, n0 = (each.astype(np.int64) for each in _counts(data))
    return test.compare(x1, n1, x0, n0, data.design.estimand)


def _counts(data: Data) -> tuple[Floats, Floats, Floats, Floats]:
    """Return (replicate,) events and participants of the treated and of the control arm."""
    y, arm, include = data.outcome, data.arm, data.include
    x1, n1 = (y * arm * include).sum(1), (arm * include).sum(1)
    x0, n0 = (y * (1 - arm) * include).sum(1), ((1 - arm) * include).sum(1)
    return x1, n1, x0, n0


def against_null(answer: Estimate, analysis: EndpointAnalysis) -> Estimate:
    """Return an estimate tested against the hypothesis by its standard error.

    It stays the same unless there is a margin.
    """
    if analysis.margin_percent is None:
        return answer
    nulls = analysis.nulls
    with np.errstate(divide="ignore", invalid="ignore"):
        z: Floats = np.asarray((answer.estimate - nulls[0]) / answer.std_error, float)
        if len(nulls) == 2:
            z = np.minimum(z, (nulls[1] - answer.estimate) / answer.std_error)
    p = ndtr(-z) if len(nulls) == 2 else 2 * ndtr(-np.abs(z))
    return replace(answer, statistic=z, p_value=np.where(answer.converged, p, np.nan))


def _stratum(data: Data) -> Estimate:
    arms = [data.include * (1 - data.arm), data.include * data.arm]
    found, operated, participants = (
        np.stack([(arm * each).sum(1) for arm in arms], -1)
        for each in (data.outcome, data.operated, np.ones_like(data.arm))
    )
    return always_operated(found, operated, participants, data.design.estimand)


def _stratified(data: Data) -> Estimate:
    design = data.design
    place, count = strata_of(design, design.analysis.strata, data)
    counts = count_strata(np.where(data.include, data.outcome, np.nan), data.arm, place, count)
    low, high = stratified_score_interval(counts)
    answer = mantel_haenszel(counts, design.estimand)[0]
    answer = replace(answer, conf_low=np.where(answer.converged, low, np.nan),
                     conf_high=np.where(answer.converged, high, np.nan),
                     interval="score (Miettinen-Nurminen), stratified")  # fmt: skip
    if design.analysis.margin_percent is not None:
        return _by_margin(answer, counts, design.analysis.nulls)
    chi2, p = cochran_mantel_haenszel(counts)
    z = np.sign(answer.estimate) * np.sqrt(chi2)
    return replace(
        answer, statistic=z, p_value=p, n=data.include.sum(1),
        converged=answer.converged & np.isfinite(z), test="Cochran-Mantel-Haenszel",
    )  # fmt: skip


def _by_margin(answer: Estimate, counts: StratumCounts, nulls: Sequence[float]) -> Estimate:
    """Return an estimate tested by the stratified score test against limits of the hypothesis."""
    z = stratified_score_z(counts, nulls[0])
    if len(nulls) == 2:
        z = np.minimum(z, -stratified_score_z(counts, nulls[1]))
    p = ndtr(-z) if len(nulls) == 2 else 2 * ndtr(-np.abs(z))
    return replace(
        answer, statistic=z, p_value=np.asarray(p), converged=answer.converged & np.isfinite(z),
        test="score (Miettinen-Nurminen), stratified",
    )  # fmt: skip


def _g_computation(data: Data) -> Estimate:
    design, include = data.design, data.include
    stratum, tested = _blocked_strata(data), _score_tests(data)

    def fit(rows: Bools, x: Floats) -> Estimate:
        test = tested(rows, x) if tested else None
        risks = g_computation_by_arm(
            data.outcome[rows],
            data.arm[rows],
            x,
            include=None if include.all() else include[rows],
            stratum=None if stratum is None else stratum[rows],
            small_sample=design.analysis.corrected,
            start=test.start_with_arm() if test else None,
        )
        answers = risks.compare(design.estimand, "g-computation-randomised", "Wald, Ye")
        answer = next(each for each in answers if each.scale == design.analysis.effect_scale)
        return with_randomisation_test(answer, test) if test else answer

    return by_pattern(data, fit)


def _blocked_strata(data: Data) -> Codes | None:
    """Return the strata within which permuted blocks balance the arms; None without them."""
    rule = data.design.randomisation
    if SCHEMES[rule.method].blocks != "strata":
        return None
    return strata_of(data.design, rule.by, data)[0]


def _score_tests(data: Data) -> Callable[[Bools, Floats], RandomisationTest] | None:
    """Return the score test of selected trials given their columns; None if Wald's test is used."""
    if not data.design.analysis.score_tested or data.design.endpoint.missing == IMPUTED:
        return None
    stratum, balanced = _blocked_strata(data), minimised_columns(data)

    def tested(rows: Bools, x: Floats) -> RandomisationTest:
        return randomisation_test(
            data.outcome[rows], data.arm[rows], x, include=data.include[rows],
            stratum=None if stratum is None else stratum[rows], balanced=balanced[rows],
        )  # fmt: skip

    return tested


def _logistic(data: Data) -> Estimate:
    y, arm, include, tested = data.outcome, data.arm, data.include, _score_tests(data)

    def fit(rows: Bools, x: Floats) -> Estimate:
        design = np.concatenate([np.ones_like(arm[rows])[..., None], arm[rows][..., None], x], -1)
        weights = None if include.all() else include[rows].astype(float)
        test = tested(rows, x) if tested else None
        found = fit_logistic(
            design, y[rows], weights, start=test.start_with_arm() if test else None
        )  # fmt: skip
        error = np.sqrt(np.maximum(found.cov[..., 1, 1], 0.0))
        answer = wald(
            data.design.estimand,
            "logistic",
            "odds ratio",
            found.coef[..., 1],
            error,
            include[rows].sum(1),
            converged=found.converged & ~found.separated,
        )
        if not test:
            return answer
        limits = randomisation_limits(design, y[rows], found, 1, test.statistic, weights)
        low, high = (np.where(answer.converged, np.exp(each), np.nan) for each in limits)
        tested_answer = with_statistic(answer, test.statistic)
        return replace(tested_answer, conf_low=low, conf_high=high, interval="score")

    return by_pattern(data, fit)


def _mixed(data: Data) -> Estimate:
    y, arm, include = data.outcome, data.arm, data.include

    def fit(rows: Bools, x: Floats) -> Estimate:
        design = np.concatenate([np.ones_like(arm[rows])[..., None], arm[rows][..., None], x], -1)
        participants = include[rows].astype(float)
        x, won, participants = by_site(
            data.site[rows], len(data.design.sites), design, y[rows], participants
        )
        if not data.design.analysis.covariates:
            x, won, participants = _alike(x, won, participants)
        found = fit_random_intercept(x, won, participants)
        error = np.sqrt(np.maximum(found.cov[..., 1, 1], 0.0))
        return wald(
            data.design.estimand,
            "mixed",
            "odds ratio",
            found.coef[..., 1],
            error,
            include[rows].sum(1),
            interval="Wald, given the site",
            converged=found.converged,
        )

    return by_pattern(data, fit)


def _cox(data: Data) -> Estimate:
    analysis = data.design.analysis
    if not analysis.covariates and not analysis.strata:
        return cox_alone(data)
    return by_pattern(data, lambda rows, x: cox_given(data, rows, x))


#: Functions of the methods of trials; `estimate.methods.registry.METHODS` defines the methods.
_RUNS: Mapping[str, Callable[[Data], Estimate]] = {
    "unadjusted": _unadjusted,
    **{name: _of_counts for name in COUNT_METHODS if name != "unadjusted"},
    "mantel-haenszel": _stratified,
    "g-computation-randomised": _g_computation,
    "logistic": _logistic,
    "mixed": _mixed,
    "site-robust": site_robust_difference,
    "log-rank": log_rank_test,
    "cox": _cox,
    "rmst": restricted_mean_gain,
}


def _alike(x: Floats, y: Floats, participants: Floats) -> tuple[Floats, Floats, Floats]:
    """Count participants of a site who share all indicators, (replicate, site, row, column)."""
    present = x[participants > 0]
    code = present @ 2.0 ** np.arange(x.shape[-1])  # one number per set of indicators
    _, first, kind = np.unique(code, return_index=True, return_inverse=True)
    kinds = present[first]
    count, won = np.zeros((2, *x.shape[:2], len(kinds)))
    trial, site, _ = np.nonzero(participants > 0)
    np.add.at(count, (trial, site, kind), participants[participants > 0])
    np.add.at(won, (trial, site, kind), (participants * y)[participants > 0])
    share = np.divide(won, count, out=np.zeros_like(won), where=count > 0)
    return np.broadcast_to(kinds, (*count.shape, kinds.shape[-1])), share, count
