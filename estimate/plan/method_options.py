"""Checks of fields of a plan that depend on other fields: methods, covariates, the outcome.

Each takes the value of its field and the fields before it, and raises ValueError for a fault.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationInfo

from estimate.core.analysis_set import OutcomeKind
from estimate.core.columns import Categorical, Kind, Numeric
from estimate.methods.offered_methods import check_clustered_methods, methods_of
from estimate.methods.registry import METHODS
from estimate.methods.shared_work import ErrorKind
from estimate.multivalued_treatment.comparisons import SEVERAL
from estimate.outcomes.registry import OUTCOME_METHODS, check_outcome_methods, errors_of
from estimate.outcomes.repeated import AVERAGE
from estimate.plan.choices import Matching, MissingData, Outcome, Primary, read_level

#: Denotes every method of the plan.
ALL = "all methods"

#: Fields of a plan that do not support sampling weights.
_UNWEIGHTED = ("models", "subgroups", "splines", "live_birth", "changes")


def read_errors(value: Any) -> Any:
    """Accept one kind of standard errors for all methods."""
    return {ALL: value} if isinstance(value, str) else value


def resolve_errors(
    value: Mapping[str, ErrorKind], before: Mapping[str, Any]
) -> dict[str, ErrorKind]:
    """Return the kind of standard errors of each method that does not use its default."""
    methods = before.get("methods", ())
    strange = [name for name in value if name not in (*methods, ALL)]
    if strange:
        raise ValueError(f"`{strange[0]}` is not among the methods of this plan")
    chosen = {name: value.get(name, value.get(ALL)) for name in methods}
    found = {name: wanted for name, wanted in chosen.items() if wanted is not None}
    for name, wanted in found.items():
        able = errors_of(name, _kind(before))
        if wanted not in able:
            has = f"choose from {', '.join(able)}" if able else "it has one kind only; leave it out"
            raise ValueError(f"`{name}` has no errors of the kind {wanted}; {has}")
    if "bootstrap" in found.values() and _imputed(before):
        raise ValueError(
            "imputations are pooled by Rubin's rules; plan other errors than bootstrap, or "
            "`missing: complete-case`"
        )
    if "bootstrap" in found.values() and before.get("sampling_strata"):
        raise ValueError("strata of a survey are not resampled; leave bootstrap out")
    robust = [before.get(name) for name in ("cluster", "sampling_weights")]
    if any(robust) and set(found.values()) - {"bootstrap"}:
        raise ValueError(
            "clusters and sampling weights decide the errors; plan bootstrap, or leave it out"
        )
    return found


def check_clusters(value: str | None, before: Mapping[str, Any]) -> str | None:
    """Return the column of the clusters, if every method allows for clusters."""
    methods, outcome = before.get("methods", ()), before.get("outcome")
    if value is None and outcome is not None and outcome.trials is not None:
        return value
    used = (before.get("treatment"), *(outcome.columns if outcome else ()))
    if value is not None and value in used:
        raise ValueError("name another column than treatment and outcome")
    if value is not None and outcome is not None and outcome.visits:
        raise ValueError(
            "visits are clustered by patient already; leave `cluster` out, or make a centre a "
            "covariate"
        )
    check_clustered_methods(methods, clustered=value is not None)
    return value


def check_sampling(value: str | None, before: Mapping[str, Any]) -> str | None:
    """Return the column of the sampling weights, if all planned analyses support them."""
    outcome = before.get("outcome")
    if value is None or outcome is None:
        return value
    if value in (before.get("treatment"), *outcome.columns, *before.get("covariates", ())):
        raise ValueError("name another column than treatment, outcome and covariates")
    if outcome.trials is not None or _kind(before) not in (None, "binary", "continuous"):
        raise ValueError("sampling weights are for 0/1 and continuous outcomes; leave them out")
    planned = before.get("methods", ())
    unable = [name for name in planned if not METHODS[name].sampling]
    if unable:
        able = [name for name in methods_of("analyse") if METHODS[name].sampling]
        raise ValueError(f"`{unable[0]}` takes no sampling weights; choose from {', '.join(able)}")
    found = [name for name in _UNWEIGHTED if before.get(name)]
    if found:
        raise ValueError(f"`{found[0]}` takes no sampling weights; leave it out")
    return value


def check_sampling_strata(value: str | None, before: Mapping[str, Any]) -> str | None:
    """Return the column of the strata of a survey, if the plan has its weights."""
    outcome = before.get("outcome")
    if value is None or outcome is None:
        return value
    if value in (before.get("treatment"), *outcome.columns, before.get("cluster")):
        raise ValueError("name another column than treatment, outcome and cluster")
    if before.get("sampling_weights") is None:
        raise ValueError("strata of a survey need `sampling_weights`; give a column of them")
    return value


def check_mediation(value: tuple[str, ...], before: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the divisions whose effects are mediated, if each has two groups."""
    for name in value:
        group = before.get("subgroups", {}).get(name)
        if group is None:
            raise ValueError(f"define {name} under subgroups first")
        kind = before.get("covariates", {}).get(group.by)
        levels = kind.levels if isinstance(kind, Categorical) else "ab"
        if len(group.groups or levels) != 2:
            raise ValueError(f"{name} must have two groups")
    return value


def check_strata(value: tuple[str, ...], before: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the strata of a trial, if they are categories and a method uses them."""
    for name in value:
        if isinstance(before.get("covariates", {}).get(name), Numeric):
            raise ValueError(f"{name} is a number; blocks are permuted within categories")
    if value and "g-computation-randomised" not in before.get("methods", ()):
        raise ValueError("only `g-computation-randomised` uses strata; add it to the methods")
    return value


#: Fields of a plan that are only for two arms.
NOT_OF_SEVERAL = (
    "subgroups", "splines", "mediation", "live_birth", "strata", "models", "trim_percent",
    "truncate_percent", "errors",
)  # fmt: skip


def read_levels(value: Any) -> Any:
    """Return the names of arms as the table spells them; whole numbers need no quotes."""
    if not isinstance(value, list | tuple):
        raise ValueError("list the treatments, the reference first")
    names = tuple(read_level(each) for each in value)
    if len(names) in (1, 2):
        raise ValueError("with two treatments, code the column 0 and 1 and leave this out")
    if len(set(names)) < len(names):
        raise ValueError("a treatment is listed twice")
    return names


def check_several_arms(methods: tuple[str, ...], outcome: Outcome | None) -> None:
    """Raise ValueError if a method, or the outcome, is not for three arms or more."""
    kind = "binary" if outcome is None or outcome.declared is None else outcome.declared
    if kind not in SEVERAL or (outcome is not None and outcome.trials is not None):
        raise ValueError("three treatments and more are compared for 0/1 and continuous outcomes")
    unable = [name for name in methods if name not in SEVERAL[kind]]
    if unable:
        able = ", ".join(SEVERAL[kind])
        raise ValueError(f"`{unable[0]}` compares two arms; choose from {able}")


def check_two_arms(value: Any, info: ValidationInfo) -> Any:
    """Return the value of a field that is for two arms, if the plan has two or leaves it out."""
    plain = not value or getattr(value, "method", "") == "complete-case"
    if info.data.get("treatment_levels") and not plain:
        raise ValueError("it is for two treatments; plan it without treatment_levels")
    return value


def refuse_undeclared(names: Iterable[str], before: Mapping[str, Any]) -> None:
    """Raise ValueError if a name is not among the covariates of the plan."""
    strange = [name for name in names if name not in before.get("covariates", (name,))]
    if strange:
        raise ValueError(f"declare {', '.join(strange)} under covariates first")


def check_covariates(value: dict[str, Kind], before: Mapping[str, Any]) -> dict[str, Kind]:
    """Return the covariates, if treatment and outcome are not among them."""
    outcome = before.get("outcome")
    roles = [("treatment", before.get("treatment"))]
    roles += [("outcome", name) for name in (outcome.columns if outcome else ())]
    for role, name in roles:
        if name in value:
            raise ValueError(f"take the {role} ({name}) out of the covariates")
    return value


def check_methods(value: tuple[str, ...], before: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the methods, if they suit the outcome, the arms and the covariates."""
    if len(set(value)) < len(value):
        raise ValueError("a method is listed twice")
    outcome, levels = before.get("outcome"), before.get("treatment_levels", ())
    if outcome is not None and outcome.declared in OUTCOME_METHODS and not levels:
        check_outcome_methods(value, outcome.declared)
    if levels:
        check_several_arms(value, outcome)
    if outcome is not None and outcome.baseline is not None:
        _check_baseline(outcome.baseline, before.get("covariates", {}))
    needy = [method for method in value if METHODS[method].needs - {"clusters"}]
    if needy and before.get("covariates") == {}:
        raise ValueError(f"{needy[0]} needs covariates; list them, or plan only `unadjusted`")
    return value


def _check_baseline(name: str, covariates: Mapping[str, Kind]) -> None:
    if not isinstance(covariates.get(name), Numeric):
        raise ValueError(f"declare the baseline {name} as a numeric covariate first")


def check_splines(value: tuple[str, ...], before: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the covariates drawn as curves, if they are numbers."""
    refuse_undeclared(value, before)
    for name in value:
        if isinstance(before.get("covariates", {}).get(name), Categorical):
            raise ValueError(f"{name} is categorical and has no curve")
    return value


def check_missing(value: MissingData, before: Mapping[str, Any]) -> MissingData:
    """Return the handling of missing values, if its predictors are covariates."""
    outcome = before.get("outcome")
    if value.method == "mice" and outcome is not None and outcome.visits:
        raise ValueError(
            "missing visits need no imputation; for covariates plan `missing: complete-case`"
        )
    if value.predictors and value.method != "mice":
        raise ValueError("predictors are for `method: mice`")
    for name, others in value.predictors.items():
        refuse_undeclared((name, *others), before)
        if name in others:
            raise ValueError(f"{name} cannot be imputed from itself")
    return value


def check_matching(value: Matching, before: Mapping[str, Any]) -> Matching:
    """Return the choices of matching, if they suit covariates and methods."""
    kind = before.get("covariates", {}).get(value.exact)
    if value.exact is not None and not isinstance(kind, Categorical):
        raise ValueError(f"exact: {value.exact} is not a categorical covariate of this plan")
    if value.ratio > 1 and "matching-conditional" in before.get("methods", ()):
        raise ValueError("`matching-conditional` is for pairs; leave it out, or take ratio: 1")
    return value


def _kind(before: Mapping[str, Any]) -> OutcomeKind | None:
    outcome = before.get("outcome")
    return None if outcome is None else outcome.declared


def _imputed(before: Mapping[str, Any]) -> bool:
    missing = before.get("missing")
    return missing is not None and missing.method == "mice"


def check_primary(value: Primary | None, before: Mapping[str, Any]) -> Primary | None:
    """Return the primary estimate, if its method is one of the plan."""
    names = _names_of_estimates(before)
    if value is not None and names and value.method not in names:
        some = ", ".join(names[:4])
        raise ValueError(
            f"{value.method!r} is not a method of the plan; name one of its methods ({some}"
            f"{', ...' if len(names) > 4 else ''})"
        )
    return value


def _names_of_estimates(before: Mapping[str, Any]) -> list[str]:
    """Return the methods and models of a plan as its estimates name them, by visit and arm."""
    names = [*before.get("methods", ()), *before.get("models", ())]
    outcome, levels = before.get("outcome"), before.get("treatment_levels", ())
    parts: list[str] = []
    if outcome is not None and outcome.visits:
        parts = [*outcome.visits, AVERAGE]
    elif levels:
        parts = [f"{other} vs {levels[0]}" for other in levels[1:]]
    return [f"{name}: {part}" for name in names for part in parts] if parts else names


def check_labels(value: dict[str, str], before: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels, if each is of the treatment, of the outcome or of a covariate."""
    outcome = before.get("outcome")
    known = {before.get("treatment"), *(outcome.columns if outcome else ())}
    known |= set(before.get("covariates", value))
    strange = [name for name in value if name not in known]
    if strange:
        raise ValueError(
            f"{', '.join(strange)}: labels are for treatment, outcome and covariates; correct the "
            "name, or declare the column"
        )
    return value
