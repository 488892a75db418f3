"""Effects on repeated measurements: a mixed model for repeated measures (MMRM).

Mallinckrodt CH et al. *Drug Inf J* 2008;42:303-19: the means of both arms are free at every visit,
the effect of the baseline value may differ between visits, the covariance within patients is
unstructured. Measurements missing at random need no imputation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from estimate.core.analysis_set import AnalysisSet, Repeated
from estimate.core.arrays import Floats
from estimate.core.design_matrix import columns_of, design_matrix
from estimate.core.result import Estimate, wald
from estimate.outcomes.mixed_model import MixedModelFit, fit_repeated

#: Name of the effect averaged over visits.
AVERAGE = "average of the visits"


def repeated_differences(
    data: AnalysisSet, covariates: Sequence[str] | None = None, *, method: str = "adjusted"
) -> list[Estimate]:
    """Return the mean difference at every visit, and on average, with Kenward and Roger's errors.

    Parameters
    ----------
    covariates
        Names; None takes all of the analysis set. The effect of the baseline value, if it is among
        them, may differ between visits.
    """
    chosen = tuple(data.kinds if covariates is None else covariates)
    measured = data.repeated
    if measured is None:
        raise ValueError("the analysis set has no repeated measurements")
    visits, lead = len(measured.names), data.include.shape[:-1]
    numbers = np.full((3, visits + 1, *lead), np.nan)
    sound = np.zeros(lead, bool)
    for at in np.ndindex(lead):
        one = replace(measured, values=measured.values[at])
        fit, arms = _fit(data[at], chosen, one)
        if fit is None or not fit.converged:
            continue
        sound[at] = True
        for place, of in enumerate(_contrasts(arms, len(fit.coef))):
            numbers[(slice(None), place, *at)] = fit.contrast(of)
    summary = "mean difference"
    summary += f" given {', '.join(chosen)}" if chosen else ""
    answers = []
    for place, name in enumerate((*measured.names, AVERAGE)):
        value, error, df = numbers[:, place]
        question = replace(data.question("all patients", summary), variable=name)
        answers.append(
            wald(
                question, f"{method}: {name}", "mean difference", value, error, data.n,
                interval="t, Kenward-Roger, unstructured covariance", converged=sound,
                df=np.where(np.isfinite(df), df, 1.0),
            )
        )  # fmt: skip
    return answers


def _fit(
    data: AnalysisSet, chosen: Sequence[str], measured: Repeated
) -> tuple[MixedModelFit | None, list[int]]:
    """Return the fit of one data set, None if it has none, and the columns of the arms."""
    here = data.include
    X, arms = _rows(data, chosen, measured)
    y, X = measured.values[here], X[here]
    known = ~np.isnan(y)
    full = np.linalg.matrix_rank(X[known]) == X.shape[-1]
    enough = (known.T.astype(int) @ known.astype(int)).min() > 1 and len(y) > sum(X.shape[1:])
    return (fit_repeated(y, X) if full and enough else None), arms


def _rows(data: AnalysisSet, chosen: Sequence[str], measured: Repeated) -> tuple[Floats, list[int]]:
    """Return columns (patient, visit, p) of the mean, and the places of the arms among them."""
    visits = len(measured.names)
    by_visit = [np.ones(data.include.shape), data.treatment]
    if measured.baseline in chosen:
        by_visit += columns_of(data, str(measured.baseline)).values()
    common = design_matrix(
        data, [name for name in chosen if name != measured.baseline], treatment=False
    ).X[:, 1:]
    columns = [
        column[:, None] * (np.arange(visits) == visit)
        for column in by_visit
        for visit in range(visits)
    ]
    columns += [np.broadcast_to(column[:, None], (len(column), visits)) for column in common.T]
    return np.stack(columns, -1), list(range(visits, 2 * visits))


def _contrasts(arms: Sequence[int], coefficients: int) -> Iterator[Floats]:
    """Yield the effect at each visit, and their mean, as contrasts of coefficients."""
    for place in arms:
        yield (np.arange(coefficients) == place).astype(float)
    yield np.isin(np.arange(coefficients), arms) / len(arms)
