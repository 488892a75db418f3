"""Columns of covariates and factors, and models fitted to trials that have the same of them."""

from collections.abc import Callable

import numpy as np

from estimate.core.arrays import Bools, Floats
from estimate.core.result import Estimate
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.conduct.strata import levels_of_factor

#: Numbers of an estimate, one per trial.
_ARRAYS = (
    "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "n", "converged",
)  # fmt: skip


def by_pattern(data: Data, fit: Callable[[Bools, Floats], Estimate]) -> Estimate:
    """Fit replicates that lack the same factor levels together, without those levels."""
    x, keep = columns(data)
    patterns, which = np.unique(keep, axis=0, return_inverse=True)
    parts = [(which == k, pattern) for k, pattern in enumerate(patterns)]
    answers = [(rows, fit(rows, x[rows][..., pattern])) for rows, pattern in parts]
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

    Numbers are in standard units. Every level of a factor has an indicator; a trial uses those of
    the levels that occur in it, but for the first of them, the reference.

    A missing baseline value becomes the mean of the trial: right in a randomised trial, where it
    cannot depend on the arm (White IR, Thompson SG. *Stat Med* 2005;24:993-1007).
    """
    design, include = data.design, data.include
    found, keep = [np.empty((*include.shape, 0))], [np.empty((len(include), 0), bool)]
    for name in design.analysis.covariates:
        value = data.baseline[name]
        if not data.present.all():
            value = np.where(data.present, value, np.nan)
        mean = np.nanmean(value, axis=1, keepdims=True)
        sd = np.nanstd(value, axis=1, keepdims=True)
        found.append(np.where(np.isnan(value), 0.0, (value - mean) / sd)[..., None])
        keep.append(np.ones((len(include), 1), bool))
    for name in design.analysis.strata:
        place, levels = levels_of_factor(design, name, data)
        member = place[..., None] == np.arange(levels)
        occurs = (member & include[..., None]).any(1)
        first = np.cumsum(occurs, axis=1) == 1
        found.append(member.astype(float))
        keep.append(occurs & ~(first & occurs))
    return np.concatenate(found, -1), np.concatenate(keep, -1)
