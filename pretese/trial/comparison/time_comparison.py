"""The arms of every trial compared by times to an event."""

import numpy as np
from scipy.special import ndtr

from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.result import Estimate, assemble, wald
from estimate.outcomes.cox import fit_cox
from estimate.survival.two_arm_times import (
    DayCounts,
    count_days,
    cox_two_arms,
    hazard_ratio_limits,
    log_rank_of_days,
    restricted_means,
)
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.conduct.strata import strata_of
from protocol.dates import MONTH_DAYS


def log_rank_test(data: Data) -> Estimate:
    """Return the log-rank test within strata, with the hazard ratio of Cox's model within them.

    The interval is that of the score test, so that it agrees with the p-value.
    """
    counts = _counts(data, stratified=True)
    over, variance = log_rank_of_days(counts)
    value, error, sound = cox_two_arms(counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = over / np.sqrt(variance)
    found = _hazard_ratio(data, value, error, data.include.sum(1), sound)
    tested = variance > 0
    low, high = (np.exp(each) for each in hazard_ratio_limits(counts, z))
    return Estimate(
        estimand=found.estimand, method=found.method, scale=found.scale, estimate=found.estimate,
        std_error=found.std_error, statistic=np.where(tested, z, np.nan),
        p_value=np.where(tested, 2 * ndtr(-np.abs(z)), np.nan),
        conf_low=np.where(tested, low, np.nan), conf_high=np.where(tested, high, np.nan),
        interval="score", n=found.n, converged=tested, test=found.method,
    )  # fmt: skip


def cox_alone(data: Data) -> Estimate:
    """Return the hazard ratio of Cox's model with treatment alone."""
    value, error, sound = cox_two_arms(_counts(data))
    return _hazard_ratio(data, value, error, data.include.sum(1), sound)


def cox_given(data: Data, rows: Bools, x: Floats) -> Estimate:
    """Return the hazard ratio of Cox's model in some trials, given columns of covariates.

    Parameters
    ----------
    rows
        (trial,) the trials.
    x
        (chosen trial, participant, column).
    """
    found = [_one_model(data, int(row), x[k]) for k, row in enumerate(np.flatnonzero(rows))]
    value, error = np.array(found).T
    return _hazard_ratio(data, value, error, data.include[rows].sum(1), np.isfinite(value))


def _hazard_ratio(data: Data, value: Floats, error: Floats, n: Ints, sound: Bools) -> Estimate:
    design = data.design
    return wald(
        design.estimand, design.analysis.method, "hazard ratio", value, error, n, converged=sound
    )  # fmt: skip


def restricted_mean_gain(data: Data) -> Estimate:
    """Return the restricted mean time to the event under control less that under treatment.

    In months up to the end of follow-up. It is the time that a participant has the event earlier
    on average, so that a benefit is positive.
    """
    mean, variance = restricted_means(_counts(data))
    gain = (mean[:, 0] - mean[:, 1]) / MONTH_DAYS
    error = np.sqrt(variance.sum(1)) / MONTH_DAYS
    with np.errstate(divide="ignore", invalid="ignore"):
        z = gain / error
    sound, reach = error > 0, 1.959963984540054 * error
    design = data.design
    return assemble(
        design.estimand, design.analysis.method, "RMST difference", value=gain, std_error=error,
        statistic=z, p_value=2 * ndtr(-np.abs(z)), low=gain - reach, high=gain + reach,
        n=data.include.sum(1), interval="Wald, Greenwood", converged=sound,
    )  # fmt: skip


def _counts(data: Data, *, stratified: bool = False) -> DayCounts:
    names = data.design.analysis.strata if stratified else ()
    place, count = strata_of(data.design, names, data) if names else (None, 1)
    return count_days(
        data.days, data.outcome, data.arm, data.include, data.design.endpoint.horizon_days, place,
        count,
    )  # fmt: skip


def _one_model(data: Data, row: int, x: Floats) -> tuple[float, float]:
    """Return log hazard ratio and standard error of one trial; NaN without a finite estimate."""
    here = data.include[row]
    columns = np.column_stack([data.arm[row][here], x[here]])
    fit = fit_cox(data.days[row][here].astype(float), data.outcome[row][here], columns)
    return float(fit.coef[0]), float(np.sqrt(fit.cov[0, 0]))
