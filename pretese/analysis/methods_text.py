"""The methods paragraph of an analysis, and its reporting checklist."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from estimate.core.columns import Categorical
from estimate.outcomes.registry import label_of
from estimate.plan.choices import Outcome
from estimate.plan.findings import Analysis
from pretese.analysis.journal_style import PLAIN, JournalStyle, effect

#: Name of each kind of outcome, and its effect measure.
_OUTCOMES = {
    "binary": "a binary outcome",
    "continuous": "a continuous outcome",
    "count": "a count",
    "ordinal": "an ordinal outcome",
    "time": "a time-to-event outcome",
    "repeated": "repeated measurements",
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
    if data.sampling_name:
        strata = f", within strata of {data.stratum_name}" if data.stratum_name else ""
        yield (
            f"Patients were weighted by {data.sampling_name}, and standard errors are those of the "
            f"survey (Taylor linearisation{strata})."
        )
    intervals = dict.fromkeys(f"{each.scale}: {each.interval}" for each in found.estimates)
    yield f"Intervals cover 95 % ({_listed(list(intervals), '; ')}); tests are two-sided."
    if plan.primary is not None:
        by = _primary_method(found)
        yield f"The primary estimate was the {plan.primary.effect} by {by}."
    if len(found.estimates) > 1:
        yield (
            "P-values and intervals were not adjusted for multiplicity: the "
            f"{len(found.estimates)} estimates answer the same question or closely related ones "
            "from the same patients."
        )
    if plan.subgroups:
        yield (
            f"Effects in subgroups ({_listed(tuple(plan.subgroups))}) were compared by tests of "
            f"interaction, with Holm's correction for their number."
        )
    yield f"Analyses were done with pretese {version('pretese')}."


def _primary_method(found: Analysis) -> str:
    """Return the primary method in words; that of repeated measurements names its visit."""
    primary, data = found.plan.primary, found.complete.data
    method, _, visit = primary.method.partition(": ") if primary else ("", "", "")
    words = label_of(method, data.outcome_kind, several=bool(data.levels))
    words = words.split(";")[0]
    return f"{words} at {visit}" if visit else words


def primary_words(found: Analysis, style: JournalStyle = PLAIN) -> str:
    """Return the primary estimate with its interval, or that the plan specifies none."""
    primary, words = found.plan.primary, "the plan specifies none (`primary`)."
    if primary is not None:
        by = _primary_method(found)
        words = f"the {primary.effect} by {by} was not estimated."
        for each in found.estimates:
            if (each.method, each.scale) == (primary.method, primary.effect):
                unit = " percentage points" if each.scale == "risk difference" else ""
                words = f"{each.scale} by {by}, {effect(each, style)}{unit}."
        words += " The other estimates are secondary." if len(found.estimates) > 1 else ""
    if len(found.estimates) > 1:
        words += " P-values and intervals are not adjusted for the number of estimates."
    return words


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
