"""Effects on the time to an event: hazard ratios, restricted mean times, risks at a horizon."""

from collections.abc import Callable, Sequence

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats, Ints
from estimate.core.design_matrix import design_matrix
from estimate.core.estimand import POPULATIONS, Target
from estimate.core.result import Estimate, assemble, wald
from estimate.methods.shared_work import Work
from estimate.outcomes.cox import fit_cox, restricted_mean

#: Resamples of patients for the interval of a risk by g-computation.
RESAMPLES = 200

#: Seed of the resamples: the same table has the same interval.
SEED = 20240101


def cox_hazard_ratio(
    data: AnalysisSet,
    covariates: Sequence[str] | None = None,
    *,
    method: str = "adjusted",
    weights: Floats | None = None,
    target: Target = "ate",
) -> Estimate:
    """Return the hazard ratio of treatment by Cox regression with Efron's ties.

    Parameters
    ----------
    covariates
        Names; None takes all of the analysis set.
    weights
        (..., n) weights of patients; standard errors are then robust (Lin and Wei), with weights
        treated as known.
    """
    design = design_matrix(data, covariates)
    column, lead = design.column(data.treatment_name) - 1, data.include.shape[:-1]
    value, error = np.full(lead, np.nan), np.full(lead, np.nan)
    robust = weights is not None or data.cluster is not None
    for at in np.ndindex(lead):
        here = data.include[at]
        fit = fit_cox(
            _time(data)[at][here], data.outcome[at][here], design.X[at][here][:, 1:],
            None if weights is None else weights[at][here],
            None if data.cluster is None else data.cluster[at][here],
        )  # fmt: skip
        if fit.converged:
            cov = fit.robust if robust else fit.cov
            value[at], error[at] = fit.coef[column], np.sqrt(cov[column, column])
    names = ", ".join(data.kinds if covariates is None else covariates)
    summary = f"hazard ratio given {names}" if names else "hazard ratio"
    population = "all patients" if weights is None else POPULATIONS[target]
    return wald(
        data.question(population, summary), method, "hazard ratio", value, error, data.n,
        interval=data.labelled("Wald, robust (Lin-Wei)" if robust else "Wald, Cox"),
        converged=np.isfinite(value), df=data.df,
    )  # fmt: skip


def restricted_mean_difference(data: AnalysisSet, horizon: float) -> Estimate:
    """Return the difference of restricted mean times of the arms up to a horizon."""
    lead = data.include.shape[:-1]
    value, error = np.full(lead, np.nan), np.full(lead, np.nan)
    for at in np.ndindex(lead):
        arms = [data.include[at] & (data.treatment[at] == arm) for arm in (1, 0)]
        parts = [restricted_mean(_time(data)[at][w], data.outcome[at][w], horizon) for w in arms]
        value[at] = parts[0][0] - parts[1][0]
        error[at] = np.hypot(parts[0][1], parts[1][1])
    summary = f"difference of restricted mean times up to {horizon:g}"
    return wald(
        data.question("all patients", summary), "unadjusted", "RMST difference", value, error,
        data.n, interval="Wald, Greenwood",
    )  # fmt: skip


def predicted_risk_difference(work: Work, horizon: float) -> Estimate:
    """Return the difference of risks up to a horizon by g-computation on a Cox model.

    The interval is the percentile bootstrap, the p-value its inversion: below 0.05 exactly when
    the interval excludes 0.
    """
    data = work.data
    design = design_matrix(data)
    column, lead = design.column(data.treatment_name) - 1, data.include.shape[:-1]
    value, error, low, high, p = (np.full(lead, np.nan) for _ in range(5))
    for at in np.ndindex(lead):
        here = data.include[at]
        parts = (_time(data)[at][here], data.outcome[at][here], design.X[at][here][:, 1:])
        groups = None if data.cluster is None else data.cluster[at][here]
        value[at] = _risk_gap(*parts, column, horizon)
        draws = _resampled(
            lambda rows, parts=parts: _risk_gap(
                parts[0][rows], parts[1][rows], parts[2][rows], column, horizon
            ),
            len(parts[0]),
            groups,
        )
        if np.isfinite(draws).mean() > 0.9:
            draws = draws[np.isfinite(draws)]
            error[at], (low[at], high[at]) = draws.std(ddof=1), np.quantile(draws, [0.025, 0.975])
            p[at] = _inverted(draws)
    question = data.question("all patients", f"marginal difference of risks up to {horizon:g}")
    return assemble(
        question, "g-computation", "risk difference", value=value, std_error=error,
        statistic=value / error, p_value=p, low=low, high=high, n=data.n,
        interval=data.labelled("percentile bootstrap"), converged=np.isfinite(p),
        test="percentile bootstrap",
    )  # fmt: skip


def default_horizon(data: AnalysisSet) -> float:
    """Return the last event time at which both arms still have at least a tenth at risk."""
    here = data.include.reshape(-1, data.include.shape[-1])[0]
    time = _time(data).reshape(-1, data.include.shape[-1])[0]
    arm = data.treatment.reshape(-1, data.include.shape[-1])[0]
    return float(min(np.quantile(time[here & (arm == a)], 0.9) for a in (0, 1)))


def _time(data: AnalysisSet) -> Floats:
    if data.time is None:
        raise ValueError("the analysis set has no times")
    return data.time


def _risk_gap(time: Floats, event: Floats, X: Floats, column: int, horizon: float) -> float:
    fit = fit_cox(time, event, X)
    if not fit.converged:
        return float("nan")
    gaps = []
    for arm in (1.0, 0.0):
        setting = X.copy()
        setting[:, column] = arm
        gaps.append(1 - fit.survival_at(horizon, setting).mean())
    return float(gaps[0] - gaps[1])


def _resampled(statistic: Callable[..., float], n: int, groups: Ints | None) -> Floats:
    """Return the statistic of resamples of patients, or of clusters."""
    rng = np.random.default_rng(SEED)
    if groups is None:
        return np.array([statistic(rng.integers(0, n, n)) for _ in range(RESAMPLES)])
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    count = len(members)
    return np.array(
        [
            statistic(np.concatenate([members[i] for i in rng.integers(0, count, count)]))
            for _ in range(RESAMPLES)
        ]
    )


def _inverted(draws: Floats) -> float:
    """Return the p-value at which the percentile interval of the draws touches 0."""
    ordered = np.sort(draws)
    place = np.interp(0.0, ordered, np.linspace(0, 1, len(ordered)), left=0.0, right=1.0)
    tail = min(place, 1 - place)
    return float(max(2 * tail, 1 / len(draws)))
