"""Methods for outcomes other than 0/1; those for 0/1 outcomes are in `estimate.methods`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from estimate.causal.entropy_balancing import EntropyTarget
from estimate.core.analysis_set import OutcomeKind
from estimate.core.estimand import Target
from estimate.core.result import Estimate
from estimate.methods.bootstrap import bootstrapped
from estimate.methods.provenance import Provenance
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
from estimate.outcomes.repeated import repeated_differences
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


@dataclass(frozen=True, slots=True)
class OutcomeMethod:
    """A method of `estimate.methods.registry` for one kind of outcome other than 0/1.

    Attributes
    ----------
    run
        The computation.
    label
        Description in words; None for that of `METHODS`.
    errors
        Kinds of standard errors that a plan may choose; the first is the default. Empty if there is
        one kind only.
    provenance
        Its code, its source, and what it agrees with; None for that of `METHODS`.
    """

    run: Run
    label: str | None = None
    errors: tuple[ErrorKind, ...] = ()
    provenance: Provenance | None = None


def _of_means(method: str, run: Run, errors: tuple[ErrorKind, ...] | None = None) -> OutcomeMethod:
    """Return the marginal effect on a mean, computed as that on a risk is."""
    own = METHODS[method]
    return OutcomeMethod(run, own.label, own.errors if errors is None else errors, own.provenance)


_POISSON = Provenance(
    "estimate.outcomes.counts.rate_ratio", "Gourieroux C et al. Econometrica 1984;52:701-20",
    "`glm`, `sandwich::vcovHC`", "1e-6", library="statsmodels",
)  # fmt: skip
_PROPORTIONAL_ODDS = Provenance(
    "estimate.outcomes.ordered.common_odds_ratio",
    "McCullagh P. J R Stat Soc B 1980;42:109-42", "`MASS::polr`", "2e-4", library="statsmodels",
)  # fmt: skip
_COX = Provenance(
    "estimate.outcomes.cox.fit_cox", "Efron B. J Am Stat Assoc 1977;72:557-65",
    "`survival::coxph`, `survival::survfit`", "1e-9",
)  # fmt: skip
_WEIGHTED_COX = Provenance(
    "estimate.outcomes.times.cox_hazard_ratio", "Binder DA. Biometrika 1992;79:139-47",
    "`survival::coxph` with weights", "1e-7",
)  # fmt: skip
_MMRM = Provenance(
    "estimate.outcomes.repeated.repeated_differences",
    "Kenward MG, Roger JH. Biometrics 1997;53:983-97",
    "`nlme::gls` (corSymm); Kenward-Roger by formula", "1e-9; gls 1e-6",
)  # fmt: skip
_MMRM_WORDS = (
    "mixed model for repeated measures (unstructured covariance, restricted likelihood, "
    "Kenward-Roger)"
)
_LINEAR = "with a linear model of each arm"

#: Methods by kind of outcome and name.
OUTCOME_METHODS: Mapping[OutcomeKind, Mapping[str, OutcomeMethod]] = {
    "continuous": {
        "unadjusted": OutcomeMethod(
            lambda work, _: [mean_difference(work.observed)],
            "difference of means with Welch's t-test",
            provenance=Provenance(
                "estimate.outcomes.measurements.mean_difference",
                "Welch BL. Biometrika 1947;34:28-35", "`t.test`", "1e-9",
            ),
        ),
        "adjusted": OutcomeMethod(
            lambda work, _: [ancova(work.data, errors=work.errors("adjusted", "HC3"))],
            "linear regression on treatment and covariates (ANCOVA)",
            ("HC3", "HC0", "HC1", "HC2", "model", "bootstrap"),
            Provenance(
                "estimate.outcomes.measurements.ancova",
                "MacKinnon JG, White H. J Econom 1985;29:305-25", "`lm`, `sandwich::vcovHC`",
                "1e-6", library="statsmodels",
            ),
        ),
        **{f"iptw-{t}": _of_means(f"iptw-{t}", _means(t)) for t in _TARGETS},
        **{f"entropy-{t}": _of_means(f"entropy-{t}", _balanced_means(t)) for t in _BALANCED},
        "g-computation": replace(
            _of_means(
                "g-computation", lambda work, _: [predicted_difference(work)],
                ("M-estimation", "bootstrap"),
            ),
            label=f"g-computation {_LINEAR}",
        ),
        "aipw": replace(
            _of_means("aipw", lambda work, _: [doubly_robust_difference(work)]),
            label=f"augmented inverse-probability weighting {_LINEAR}",
        ),
    },
    "count": {
        "unadjusted": OutcomeMethod(
            lambda work, _: [rate_ratio(work.observed, [], method="unadjusted")],
            "Poisson regression on treatment with robust errors", provenance=_POISSON,
        ),
        "adjusted": OutcomeMethod(
            lambda work, _: [rate_ratio(work.data)],
            "Poisson regression on treatment and covariates with robust errors",
            provenance=_POISSON,
        ),
    },
    "ordinal": {
        "unadjusted": OutcomeMethod(
            lambda work, _: [common_odds_ratio(work.observed, [], method="unadjusted")],
            "proportional odds regression on treatment", provenance=_PROPORTIONAL_ODDS,
        ),
        "adjusted": OutcomeMethod(
            lambda work, _: [common_odds_ratio(work.data)],
            "proportional odds regression on treatment and covariates",
            provenance=_PROPORTIONAL_ODDS,
        ),
    },
    "time": {
        "unadjusted": OutcomeMethod(
            lambda work, asked: [
                restricted_mean_difference(work.observed, _horizon(work, asked)),
                cox_hazard_ratio(work.observed, [], method="unadjusted"),
            ],
            "difference of restricted mean times and Cox regression on treatment",
            provenance=_COX,
        ),
        "adjusted": OutcomeMethod(
            lambda work, _: [cox_hazard_ratio(work.data)],
            "Cox regression on treatment and covariates", provenance=_COX,
        ),
        **{
            f"iptw-{t}": OutcomeMethod(_hazards(t), provenance=_WEIGHTED_COX) for t in _TARGETS
        },
        "g-computation": OutcomeMethod(
            lambda work, asked: [predicted_risk_difference(work, _horizon(work, asked))],
            "g-computation with Cox regression, bootstrap of patients",
            provenance=Provenance(
                "estimate.outcomes.times.predicted_risk_difference",
                "Chen PY, Tsiatis AA. Biometrics 2001;57:1030-8",
                "`survival::coxph`; risks by formula", "1e-9",
            ),
        ),
    },
    "repeated": {
        "unadjusted": OutcomeMethod(
            lambda work, _: repeated_differences(work.observed, [], method="unadjusted"),
            f"{_MMRM_WORDS} with free means of both arms at every visit", provenance=_MMRM,
        ),
        "adjusted": OutcomeMethod(
            lambda work, _: repeated_differences(work.data),
            f"{_MMRM_WORDS} on treatment by visit, baseline by visit, and covariates",
            provenance=_MMRM,
        ),
    },
}  # fmt: skip


def provenance_of(method: str, kind: OutcomeKind) -> Provenance:
    """Return code, source and agreement of a method for a kind of outcome."""
    found = OUTCOME_METHODS.get(kind, {}).get(method)
    return (found and found.provenance) or METHODS[method].provenance


def sources_by_function() -> dict[str, str]:
    """Return the source of every function that a method states as its code.

    Of several methods with one function it is the source of the first.

    >>> sources_by_function()["estimate.regression.firth.firth"]
    'Firth D. Biometrika 1993;80:27-38'
    """
    stated = [method.provenance for method in METHODS.values()]
    stated += [
        provenance_of(name, kind)
        for kind in OUTCOME_METHODS
        for name in METHODS
        if name in OUTCOME_METHODS[kind]
    ]
    return {each.code: each.source for each in reversed(stated)}


def label_of(method: str, kind: OutcomeKind, *, several: bool = False) -> str:
    """Return the description of a method for a kind of outcome.

    >>> label_of("adjusted", "time")
    'Cox regression on treatment and covariates'
    >>> label_of("iptw-ate", "time")
    'Cox regression under inverse-probability weighting (ATE)'
    """
    found = OUTCOME_METHODS.get(kind, {}).get(method)
    label = (found and found.label) or METHODS[method].label
    if kind == "time" and method.startswith("iptw"):
        return f"Cox regression under {label}"
    if several and method.startswith("iptw"):
        return f"{label} by the generalised propensity score (multinomial regression)"
    return label


def errors_of(method: str, kind: OutcomeKind | None) -> tuple[ErrorKind, ...]:
    """Return the kinds of standard errors that a method has for a kind of outcome."""
    if kind in (None, "binary"):
        return METHODS[method].errors
    found = OUTCOME_METHODS[kind].get(method)
    return found.errors if found else ()


def run_outcome(work: Work, method: str, horizon: float | None) -> Sequence[Estimate]:
    """Run a method on an outcome that is not 0/1."""
    run = OUTCOME_METHODS[work.data.outcome_kind][method].run
    if work.choices.errors.get(method) == "bootstrap":
        choices = work.choices
        return bootstrapped(
            lambda sample: run(sample, horizon), work, choices.samples, choices.seed
        )
    return run(work, horizon)


def check_outcome_methods(methods: Sequence[str], kind: OutcomeKind) -> None:
    """Raise ValueError if a method is not available for a kind of outcome that is not 0/1."""
    unable = [name for name in methods if name not in OUTCOME_METHODS[kind]]
    if unable:
        able = ", ".join(OUTCOME_METHODS[kind])
        what = {"time": "a time to an event", "repeated": "repeated measurements"}.get(
            kind, f"a {kind} outcome"
        )
        raise ValueError(f"`{unable[0]}` is not available for {what}; choose from {able}")
