"""Methods for outcomes other than 0/1; those for 0/1 outcomes are in `estimate.methods`."""

from collections.abc import Callable, Mapping, Sequence

from estimate.causal.entropy_balancing import EntropyTarget
from estimate.core.analysis_set import AnalysisSet, OutcomeKind
from estimate.core.estimand import Target
from estimate.core.result import Estimate
from estimate.methods.bootstrap import bootstrapped
from estimate.methods.registry import METHODS
from estimate.methods.shared_work import ErrorKind, Work
from estimate.outcomes.counts import rate_ratio
from estimate.outcomes.measurements import (
    ancova,
    balanced_difference,
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


_BALANCED: tuple[EntropyTarget, ...] = ("ate", "att", "atc")


def _horizon(work: Work, asked: float | None) -> float:
    return default_horizon(work.data) if asked is None else asked


def _means(target: Target) -> Run:
    return lambda work, _: [
        weighted_difference(work, target, work.errors(f"iptw-{target}", "M-estimation"))
    ]


def _balanced_means(target: EntropyTarget) -> Run:
    return lambda work, _: [
        balanced_difference(work, target, work.errors(f"entropy-{target}", "M-estimation"))
    ]


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
        "adjusted": lambda work, _: [ancova(work.data, errors=work.errors("adjusted", "HC3"))],
        **{f"iptw-{target}": _means(target) for target in _TARGETS},
        **{f"entropy-{target}": _balanced_means(target) for target in _BALANCED},
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


#: Description of methods for outcomes other than 0/1.
_LABELS: Mapping[OutcomeKind, Mapping[str, str]] = {
    "continuous": {
        "unadjusted": "difference of means with Welch's t-test",
        "adjusted": "linear regression on treatment and covariates (ANCOVA)",
        "g-computation": "g-computation with a linear model of each arm",
        "aipw": "augmented inverse-probability weighting with a linear model of each arm",
    },
    "count": {
        "unadjusted": "Poisson regression on treatment with robust errors",
        "adjusted": "Poisson regression on treatment and covariates with robust errors",
    },
    "ordinal": {
        "unadjusted": "proportional odds regression on treatment",
        "adjusted": "proportional odds regression on treatment and covariates",
    },
    "time": {
        "unadjusted": "difference of restricted mean times and Cox regression on treatment",
        "adjusted": "Cox regression on treatment and covariates",
        "g-computation": "g-computation with Cox regression, bootstrap of patients",
    },
}


def label_of(method: str, kind: OutcomeKind, *, several: bool = False) -> str:
    """Return the description of a method for a kind of outcome.

    >>> label_of("adjusted", "time")
    'Cox regression on treatment and covariates'
    >>> label_of("iptw-ate", "time")
    'Cox regression under inverse-probability weighting (ATE)'
    """
    label = _LABELS.get(kind, {}).get(method, METHODS[method].label)
    if kind == "time" and method.startswith("iptw"):
        return f"Cox regression under {label}"
    if several and method.startswith("iptw"):
        return f"{label} by the generalised propensity score (multinomial regression)"
    return label


def adjusted_model(data: AnalysisSet, covariates: Sequence[str], method: str) -> Estimate:
    """Return the effect given some covariates, for an outcome that is not 0/1."""
    return _MODELS[data.outcome_kind](data, covariates, method=method)


#: Kinds of standard errors that differ from those of 0/1 outcomes.
_ERRORS: Mapping[tuple[OutcomeKind, str], tuple[ErrorKind, ...]] = {
    ("continuous", "adjusted"): ("HC3", "HC0", "HC1", "HC2", "model", "bootstrap"),
    **{
        ("continuous", name): ("M-estimation", "bootstrap") for name in ("g-computation", "aipw")
    },
}  # fmt: skip


def errors_of(method: str, kind: OutcomeKind | None) -> tuple[ErrorKind, ...]:
    """Return the kinds of standard errors that a method has for a kind of outcome."""
    own = METHODS[method].errors
    if kind in (None, "binary"):
        return own
    if kind != "continuous":
        return ()
    return _ERRORS.get((kind, method), own)


def run_outcome(work: Work, method: str, horizon: float | None) -> Sequence[Estimate]:
    """Run a method on an outcome that is not 0/1."""
    run = RUNS[work.data.outcome_kind][method]
    if work.choices.errors.get(method) == "bootstrap":
        choices = work.choices
        return bootstrapped(
            lambda sample: run(sample, horizon), work, choices.samples, choices.seed
        )
    return run(work, horizon)


def check_outcome_methods(methods: Sequence[str], kind: OutcomeKind) -> None:
    """Raise ValueError if a method is not available for a kind of outcome that is not 0/1."""
    unable = [name for name in methods if name not in RUNS[kind]]
    if unable:
        able = ", ".join(RUNS[kind])
        what = "a time to an event" if kind == "time" else f"a {kind} outcome"
        raise ValueError(f"`{unable[0]}` is not available for {what}; choose from {able}")
