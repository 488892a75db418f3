"""Meta-analysis of the counts of published studies, without a correction for empty cells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from estimate.meta_analysis.count_models import beta_binomial, binomial_normal
from estimate.meta_analysis.peto import PooledLogOdds, peto_odds_ratio
from pretese.literature.library import Published
from pretese.literature.pooled_evidence import PRIMARY
from pretese.literature.study import ArmCounts, StudyComparison
from protocol.errors import InputError

CountModelName = Literal["binomial-normal", "beta-binomial", "peto"]


@dataclass(frozen=True, slots=True)
class CountRow:
    """Counts of one study."""

    name: str
    citation: str
    therapy_events: int
    therapy_patients: int
    control_events: int
    control_patients: int


@dataclass(frozen=True, slots=True)
class PooledCounts:
    """An odds ratio pooled from counts.

    Attributes
    ----------
    pooled
        The log odds ratio with its Wald test.
    tau2
        Variance of the log odds ratio between studies; None for a model without one.
    correlation
        Correlation of two patients of one arm (beta-binomial); None for the others.
    informative
        Studies with both events and patients without one: the others do not contribute.
    """

    endpoint: str
    model: CountModelName
    rows: tuple[CountRow, ...]
    excluded: tuple[tuple[str, str], ...]
    pooled: PooledLogOdds
    tau2: float | None
    correlation: float | None
    informative: int


def pool_counts(
    found: Sequence[Published],
    endpoint: str = "sperm retrieved",
    model: CountModelName = "binomial-normal",
) -> PooledCounts:
    """Pool the counts of studies on one endpoint.

    Parameters
    ----------
    model
        ``binomial-normal``: logistic regression with a fixed effect of each study and a random
        treatment effect; ``beta-binomial``; or ``peto``, for rare events and a small effect.

    Raises
    ------
    InputError
        Too few studies give counts of both arms, or the model does not converge.
    """
    chosen, excluded = _choose(found, endpoint)
    if not chosen:
        problem = f"no study gives counts of {endpoint} in both arms"
        raise InputError.of("evidence", "endpoint", problem, "choose other studies or an endpoint")
    rows = tuple(_row(each, *arms) for each, arms in chosen)
    counts = np.array([
        [r.therapy_events, r.therapy_patients, r.control_events, r.control_patients] for r in rows
    ]).T  # fmt: skip
    x, n = counts[0] + counts[2], counts[1] + counts[3]
    informative = int(((x > 0) & (x < n)).sum())
    fitted = _FITS[model](counts)
    return PooledCounts(endpoint, model, rows, tuple(excluded), *fitted, informative)


def _peto(counts: Any) -> tuple[PooledLogOdds, float | None, float | None]:
    return peto_odds_ratio(*counts), None, None


def _binomial_normal(counts: Any) -> tuple[PooledLogOdds, float | None, float | None]:
    fit = binomial_normal(*counts)
    return fit.pooled, fit.tau2, None


def _beta_binomial(counts: Any) -> tuple[PooledLogOdds, float | None, float | None]:
    fit = beta_binomial(*counts)
    return fit.pooled, None, fit.correlation


_FITS: dict[CountModelName, Callable[[Any], tuple[PooledLogOdds, float | None, float | None]]] = {
    "binomial-normal": _binomial_normal,
    "beta-binomial": _beta_binomial,
    "peto": _peto,
}


def _choose(
    found: Sequence[Published], endpoint: str
) -> tuple[list[tuple[Published, tuple[ArmCounts, ArmCounts]]], list[tuple[str, str]]]:
    chosen, excluded = [], []
    for each in found:
        arms = next(filter(None, (_arms(c, endpoint) for c in each.study.comparisons)), None)
        if each.study.design not in PRIMARY:
            excluded.append((each.study.name, f"{each.study.design}: no primary comparison"))
        elif arms is None:
            excluded.append((each.study.name, f"no counts of {endpoint} in both arms were read"))
        else:
            chosen.append((each, arms))
    return chosen, excluded


def _arms(comparison: StudyComparison, endpoint: str) -> tuple[ArmCounts, ArmCounts] | None:
    first, second = comparison.therapy, comparison.control
    if comparison.endpoint != endpoint or first is None or second is None:
        return None
    return first, second


def _row(each: Published, therapy: ArmCounts, control: ArmCounts) -> CountRow:
    study = each.study
    return CountRow(
        study.name, study.citation, therapy.events, therapy.patients, control.events,
        control.patients,
    )  # fmt: skip
