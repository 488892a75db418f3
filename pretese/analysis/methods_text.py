"""The methods paragraph of an analysis, and its reporting checklist."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from estimate.core.columns import Categorical
from estimate.methods.registry import METHODS
from estimate.outcomes.registry import label_of
from estimate.plan.choices import Outcome
from estimate.plan.findings import Analysis
from estimate.plan.spec import Plan

#: Name of each kind of outcome, and its effect measure.
_OUTCOMES = {
    "binary": "a binary outcome",
    "continuous": "a continuous outcome",
    "count": "a count",
    "ordinal": "an ordinal outcome",
    "time": "a time-to-event outcome",
}


def methods_paragraph(found: Analysis) -> str:
    """Return the statistical methods of an analysis in the words of a journal article."""
    return " ".join(_sentences(found))


def _sentences(found: Analysis) -> Iterator[str]:
    plan, data = found.plan, found.complete.data
    kind, outcome = _OUTCOMES[data.outcome_kind], outcome_words(plan.outcome)
    arms = f"between patients with and without {plan.treatment}"
    if plan.treatment_levels:
        reference, *others = plan.treatment_levels
        arms = f"between {plan.treatment} {_listed(others)} and {reference}, the reference"
    yield f"We compared {outcome} ({kind}) {arms}."
    if plan.covariates:
        names = [
            f"{name} ({len(each.levels)} categories)" if isinstance(each, Categorical) else name
            for name, each in plan.kinds.items()
        ]
        yield f"Covariates were {_listed(names)}."
    labels = [
        f"{label_of(name, data.outcome_kind, several=bool(data.levels))} ({name})"
        for name in plan.methods
    ]
    yield f"Effects were estimated by {_listed(labels, '; ')}."
    if found.score is not None:
        chosen = plan.propensity or tuple(plan.covariates)
        yield f"The propensity score was estimated by logistic regression on {_listed(chosen)}."
    yield from _about_missing(found)
    if data.cluster_name:
        yield (
            f"Standard errors allowed for dependence within {data.cluster_name} "
            f"({int(found.complete.observed.clusters.max())} clusters)."
        )
    intervals = dict.fromkeys(f"{each.scale}: {each.interval}" for each in found.estimates)
    yield f"Intervals cover 95 % ({_listed(list(intervals), '; ')}); tests are two-sided."
    if plan.subgroups:
        yield (
            f"Effects in subgroups ({_listed(tuple(plan.subgroups))}) were compared by tests of "
            f"interaction, with Holm's correction for their number."
        )
    yield f"Analyses were done with pretese {version('pretese')}."


def outcome_words(outcome: Outcome) -> str:
    """Return an outcome in words: its column, the time to an event, or events among trials."""
    if outcome.time is not None:
        return f"time to {outcome.event}"
    if outcome.trials is not None:
        return f"{outcome.events} among {outcome.trials}"
    return outcome.name


def _about_missing(found: Analysis) -> Iterator[str]:
    missing = found.plan.missing
    if found.complete.imputation is not None:
        yield (
            f"Missing covariates were imputed by chained equations ({missing.imputations} "
            f"imputations, {missing.iterations} iterations) from the other covariates, treatment "
            "and outcome, and estimates were pooled by Rubin's rules."
        )
    elif found.complete.missing:
        yield "Patients with a missing covariate were excluded."


def _listed(names: Any, separator: str = ", ") -> str:
    return separator.join(names)


def reporting_items(found: Analysis) -> list[tuple[str, str, str]]:
    """Return items of STROBE and TARGET with the section that addresses each, or "missing".

    Items that an analysis cannot address, such as setting and funding, are "for the authors".
    """
    plan, data = found.plan, found.complete.data
    conditional = any(METHODS[name].given for name in plan.methods if name in METHODS)
    adjusted = any(METHODS[name].needs - {"clusters"} for name in plan.methods)
    checks = (
        ("STROBE 6, TARGET 6", "eligibility of patients", plan.population, "population"),
        ("TARGET 6", "treatment strategies", True, "methods"),
        ("STROBE 7", "outcome and covariates defined", bool(plan.covariates), "methods"),
        ("ICH E9(R1), TARGET 6", "intercurrent events", bool(plan.intercurrent), "estimands"),
        ("STROBE 11", "handling of quantitative variables", bool(plan.covariates), "methods"),
        ("STROBE 12a", "control of confounding", adjusted, "methods"),
        ("STROBE 12b", "subgroups and interactions", bool(plan.subgroups), "subgroups"),
        ("STROBE 12c", "missing data", plan.missing.method != "none", "methods"),
        ("STROBE 12d", "dependence of observations", bool(data.cluster_name), "methods"),
        ("STROBE 12e", "sensitivity analyses", _several_analyses(plan), "effects"),
        ("STROBE 13", "flow of patients with reasons", True, "flow"),
        ("STROBE 14", "characteristics, missing values", bool(plan.covariates), "Table 1"),
        ("STROBE 15", "outcome by arm", True, "flow"),
        ("STROBE 16a", "unadjusted estimates", "unadjusted" in plan.methods, "effects"),
        ("STROBE 16a", "adjusted estimates", adjusted, "effects"),
        ("STROBE 16", "conditional and marginal effects distinguished", conditional, "effects"),
        ("STROBE 16c", "absolute risks", _absolute(found), "effects"),
        ("TARGET 7", "balance after adjustment", len(found.balances) > 1, "balance"),
        ("STROBE 17", "sensitivity to unmeasured confounding", bool(_strengths(found)), "E-values"),
    )
    filled = [(item, what, place if done else "missing") for item, what, done, place in checks]
    return [*filled, *((item, what, "for the authors") for item, what in AUTHORS)]


#: Items of STROBE that an analysis of a table cannot address.
AUTHORS = (
    ("STROBE 1", "title and abstract"),
    ("STROBE 2 to 3", "background and objectives"),
    ("STROBE 4 to 5", "design, setting, dates of recruitment and follow-up"),
    ("STROBE 8", "sources of data and methods of measurement"),
    ("STROBE 10", "how the study size was arrived at"),
    ("STROBE 18 to 21", "key results, limitations, interpretation, generalisability"),
    ("STROBE 22", "funding"),
)


def _several_analyses(plan: Plan) -> bool:
    adjusting = [name for name in plan.methods if METHODS[name].needs - {"clusters"}]
    return len(adjusting) + len(plan.models) > 1


def _absolute(found: Analysis) -> bool:
    return any(each.scale in ("risk difference", "mean difference") for each in found.estimates)


def _strengths(found: Analysis) -> list[Any]:
    return [row for row in found.record()["e_values"] if row["point"] is not None]
