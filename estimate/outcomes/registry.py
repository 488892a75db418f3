"""Which methods answer for which outcome, and how; 0/1 outcomes are in `estimate.methods`."""

from collections.abc import Callable, Mapping, Sequence

from estimate.core.analysis_set import AnalysisSet, OutcomeKind
from estimate.core.estimand import Target
from estimate.core.result import Estimate
from estimate.methods.shared_work import Work
from estimate.outcomes.counts import rate_ratio
from estimate.outcomes.measurements import (
    ancova,
    doubly_robust_difference,
    mean_difference,
    predicted_difference,
    weighted_difference,
)
from estimate.outcomes.ordered import common_odds_ratio
from estimate.outcomes.times import (
    cox_hazard_ratio,
    default_horizon,
    predicted_risk_difference,
    restricted_mean_difference,
)

#: Answers of a method; the number is the horizon of a time to an event, None for the default.
Run = Callable[[Work, float | None], Sequence[Estimate]]

_TARGETS: tuple[Target, ...] = ("ate", "att", "atc", "ato", "atm")


def _horizon(work: Work, asked: float | None) -> float:
    return default_horizon(work.data) if asked is None else asked


def _means(target: Target) -> Run:
    return lambda work, _: [weighted_difference(work, target)]


def _hazards(target: Target) -> Run:
    return lambda work, _: [
        cox_hazard_ratio(
            work.data, [], method=f"iptw-{target}", weights=work.weights(target).value,
            target=target,
        )
    ]  # fmt: skip


RUNS: Mapping[OutcomeKind, Mapping[str, Run]] = {
    "continuous": {
        "unadjusted": lambda work, _: [mean_difference(work.observed)],
        "adjusted": lambda work, _: [ancova(work.data)],
        **{f"iptw-{target}": _means(target) for target in _TARGETS},
        "g-computation": lambda work, _: [predicted_difference(work)],
        "aipw": lambda work, _: [doubly_robust_difference(work)],
    },
    "count": {
        "unadjusted": lambda work, _: [rate_ratio(work.observed, [], method="unadjusted")],
        "adjusted": lambda work, _: [rate_ratio(work.data)],
    },
    "ordinal": {
        "unadjusted": lambda work, _: [common_odds_ratio(work.observed, [], method="unadjusted")],
        "adjusted": lambda work, _: [common_odds_ratio(work.data)],
    },
    "time": {
        "unadjusted": lambda work, asked: [
            restricted_mean_difference(work.observed, _horizon(work, asked)),
            cox_hazard_ratio(work.observed, [], method="unadjusted"),
        ],
        "adjusted": lambda work, _: [cox_hazard_ratio(work.data)],
        **{f"iptw-{target}": _hazards(target) for target in _TARGETS},
        "g-computation": lambda work, asked: [
            predicted_risk_difference(work, _horizon(work, asked))
        ],
    },
}

#: Regression on treatment and given covariates, for each kind of outcome.
_MODELS: Mapping[OutcomeKind, Callable[..., Estimate]] = {
    "continuous": ancova,
    "count": rate_ratio,
    "ordinal": common_odds_ratio,
    "time": cox_hazard_ratio,
}


def adjusted_model(data: AnalysisSet, covariates: Sequence[str], method: str) -> Estimate:
    """Return the effect given some covariates, for an outcome that is not 0/1."""
    return _MODELS[data.outcome_kind](data, covariates, method=method)


def check_outcome_methods(methods: Sequence[str], kind: OutcomeKind) -> None:
    """Raise ValueError if a method is not available for a kind of outcome that is not 0/1."""
    unable = [name for name in methods if name not in RUNS[kind]]
    if unable:
        able = ", ".join(RUNS[kind])
        what = "a time to an event" if kind == "time" else f"a {kind} outcome"
        raise ValueError(f"`{unable[0]}` is not available for {what}; choose from {able}")
