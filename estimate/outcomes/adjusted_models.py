"""Regression on treatment and chosen covariates, for outcomes other than 0/1."""

from collections.abc import Callable, Mapping, Sequence

from estimate.core.analysis_set import AnalysisSet, OutcomeKind
from estimate.core.result import Estimate
from estimate.outcomes.counts import rate_ratio
from estimate.outcomes.measurements import ancova
from estimate.outcomes.ordered import common_odds_ratio
from estimate.outcomes.repeated import repeated_differences
from estimate.outcomes.times import cox_hazard_ratio

#: Regression on treatment and given covariates, for each kind of outcome.
_MODELS: Mapping[OutcomeKind, Callable[..., Estimate | Sequence[Estimate]]] = {
    "continuous": ancova,
    "count": rate_ratio,
    "ordinal": common_odds_ratio,
    "time": cox_hazard_ratio,
    "repeated": repeated_differences,
}


def adjusted_model(data: AnalysisSet, covariates: Sequence[str], method: str) -> Sequence[Estimate]:
    """Return the effects given some covariates, for an outcome that is not 0/1."""
    found = _MODELS[data.outcome_kind](data, covariates, method=method)
    return [found] if isinstance(found, Estimate) else found
