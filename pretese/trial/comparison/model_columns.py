"""Columns of covariates and factors, and models fitted to trials that have the same of them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from estimate.core.arrays import Bools, Floats
from estimate.core.result import Estimate
from pretese.trial.conduct.recorded_data import Codes, Data
from pretese.trial.conduct.strata import levels_of_factor
from simulate.recruitment.schemes import SCHEMES

#: Fields of an estimate, one value per trial.
_ARRAYS = (
    "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "n", "converged",
)  # fmt: skip


def by_pattern(data: Data, fit: Callable[[Bools, Floats], Estimate]) -> Estimate:
    """Fit replicates with the same missing factor levels together, without these levels."""
    x, keep = columns(data)
    patterns, which = np.unique(keep, axis=0, return_inverse=True)
    parts = [(which == k, pattern) for k, pattern in enumerate(patterns)]
    each = x.swapaxes(1, 2)  # participants along the last axis, where a column is one piece
    answers = [
        (rows, fit(rows, each[np.ix_(rows, pattern)].swapaxes(1, 2))) for rows, pattern in parts
    ]
    if len(answers) == 1:
        return answers[0][1]
    joined = {name: np.empty(len(keep), getattr(answers[0][1], name).dtype) for name in _ARRAYS}
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


def columns(data: Data) -> tuple[Floats, Bools]:
    """Return (replicate, participant, column) covariates, and which columns a replicate can use.

    Numbers are divided by their standard deviation. Every level of a factor has an indicator; a
    trial uses those of the levels that occur in it, except the first, which is the reference.

    A missing baseline value is imputed by the mean of the trial, which is valid in a randomised
    trial because it cannot depend on the arm (White IR, Thompson SG. *Stat Med* 2005;24:993-1007).
    """
    design, include = data.design, data.include
    factors = [levels_of_factor(design, name, data) for name in design.analysis.strata]
    numbers = design.analysis.covariates
    trials, count = len(include), len(numbers) + sum(levels for _, levels in factors)
    found = np.empty((trials, count, include.shape[1]))
    keep = np.ones((trials, count), bool)
    everybody = data.present.all()
    for column, name in enumerate(numbers):
        value = data.baseline[name]
        if not everybody:
            value = np.where(data.present, value, np.nan)
        found[:, column] = _scaled(value)
    column = len(numbers)
    for place, levels in factors:
        for level in range(levels):
            np.equal(place, level, out=found[:, column + level], casting="unsafe")
        own = slice(column, column + levels)
        keep[:, own] = _but_the_first(place, include, levels)
        column += levels
    return found.swapaxes(1, 2), keep


def minimised_columns(data: Data) -> NDArray[np.int64]:
    """Return (replicate,) the columns of a model whose values minimisation balances over the arms.

    Blocks, within strata or not, balance none: there the residuals are permuted.
    """
    design, found = data.design, np.zeros(len(data.include), np.int64)
    if SCHEMES[design.randomisation.method].blocks or not design.randomisation.by:
        return found
    for name in set(design.randomisation.by) & set(design.analysis.strata):
        place, levels = levels_of_factor(design, name, data)
        found += _but_the_first(place, data.include, levels).sum(1)
    return found


def _scaled(value: Floats) -> Floats:
    """Return (replicate, participant) values in standard units, 0 where missing."""
    missing = np.isnan(value)
    if not missing.any():
        return np.asarray((value - value.mean(1, keepdims=True)) / value.std(1, keepdims=True))
    mean, sd = np.nanmean(value, axis=1, keepdims=True), np.nanstd(value, axis=1, keepdims=True)
    return np.where(missing, 0.0, (value - mean) / sd)


def _but_the_first(place: Codes, include: Bools, levels: int) -> Bools:
    """Return (replicate, level) the levels that occur, without the first of them."""
    code = place + np.arange(len(place))[:, None] * levels
    counts = np.bincount(code.ravel(), include.ravel(), len(place) * levels)
    occurs = counts.reshape(-1, levels) > 0
    return np.asarray(occurs & (np.cumsum(occurs, axis=1) > 1))
