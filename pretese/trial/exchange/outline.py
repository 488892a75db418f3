"""Outline of the trial of a design with two or more arms."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from estimate.core.estimand import Estimand
from pretese.trial.bayesian.design.design_file import BayesianDesign
from pretese.trial.bayesian.design.trial_parts import bayesian_parts
from pretese.trial.bayesian.results.document import describe_bayesian
from pretese.trial.bayesian.results.rows import prior_words, stated_rules
from pretese.trial.design.design_file import DesignFile
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.report.design_words import Rows, described, methods
from protocol.regimen.load import load_regimen
from simulate.labels import label_of

ArmKind = Literal["experimental", "no intervention", "placebo"]


@dataclass(frozen=True, slots=True)
class OutlineArm:
    """An arm: its name, its part of the allocation, and the title of its regimen if it has one."""

    name: str
    allocation: int
    regimen: str
    kind: ArmKind


@dataclass(frozen=True, slots=True)
class OutlineEndpoint:
    """An endpoint with the estimand of each comparison that uses it."""

    label: str
    level: Literal["primary", "secondary"]
    month: float
    estimands: tuple[Estimand, ...]


@dataclass(frozen=True, slots=True)
class TrialOutline:
    """A planned trial: the parts that a synopsis and a study definition have in common.

    ``statistics`` holds rows on randomisation, analyses and methods.
    """

    id: str
    title: str
    question: str
    version: str
    author: str
    date: dt.date | None
    participants: int
    arms: tuple[OutlineArm, ...]
    endpoints: tuple[OutlineEndpoint, ...]
    statistics: Rows


def outline_of(design: DesignFile | MultiArmDesign | BayesianDesign) -> TrialOutline:
    """Return the outline of a design."""
    rows: Rows
    if isinstance(design, BayesianDesign):
        return _bayesian(design)
    if isinstance(design, MultiArmDesign):
        first = design.pair(_treatments(design)[0])
        arms, endpoints = tuple(_several_arms(design)), tuple(_hypotheses(design))
        rows = _without(described(first), "Arms", "Endpoint", "Multiplicity", "Randomisation")
        rows += [
            ("Randomisation", design.randomisation.method),
            ("Multiplicity", f"{design.testing.procedure}, several treatments against one control"),
        ]
    else:
        arms, endpoints = tuple(_two_arms(design)), tuple(_questions(design))
        rows = _without([*described(design), *methods(design)], "Arms", "Endpoint")
    return TrialOutline(
        design.id, design.title, " ".join(design.question.split()), design.version or "",
        design.author or "", design.date, design.participants, arms, endpoints, rows,
    )  # fmt: skip


def _bayesian(design: BayesianDesign) -> TrialOutline:
    """Return the outline of the trial without its boundaries, which are replaced by the rules."""
    fixed = outline_of(design.as_trial())
    priors = prior_words(describe_bayesian(design, bayesian_parts(design)))
    analyses = ", ".join(f"{each:g}" for each in design.bayes.analyses_percent)
    rows: Rows = [
        ("Analyses", f"at {analyses} % of the participants, by posterior probabilities"),
        *(("Prior", words) for words in priors),
        *(("Decision rule", words) for words in stated_rules(design)),
    ]
    return replace(fixed, statistics=rows)


def _without(rows: Rows, *names: str) -> Rows:
    return [row for row in rows if row[0] not in names and row[0] != "Secondary endpoint"]


def _two_arms(design: DesignFile) -> Iterator[OutlineArm]:
    given = (design.arms.control, design.arms.treated) if design.arms else (None, None)
    for name, part, arm in zip(("control", "treated"), design.allocation, given, strict=True):
        regimen = "" if arm is None else arm.regimen
        yield OutlineArm(name, part, _title(regimen), _kind(regimen, name == "control"))


def _several_arms(design: MultiArmDesign) -> Iterator[OutlineArm]:
    given = design.arms or {}
    for name, part in zip(design.names, design.parts, strict=True):
        regimen = given[name].regimen if name in given else ""
        yield OutlineArm(name, part, _title(regimen), _kind(regimen, name not in design.treatments))


def _kind(regimen: str, is_control: bool) -> ArmKind:
    if not is_control:
        return "experimental"
    return "placebo" if "placebo" in regimen else "no intervention"


def _title(regimen: str) -> str:
    return load_regimen(regimen).title if regimen else ""


def _treatments(design: MultiArmDesign) -> list[str]:
    return list(design.treatments)


def _questions(design: DesignFile) -> Iterator[OutlineEndpoint]:
    for number, (each, label) in enumerate(zip(design.questions, design.labels, strict=True)):
        level: Literal["primary", "secondary"] = "secondary" if number else "primary"
        yield OutlineEndpoint(
            label_of(label), level, each.endpoint.endpoint_month, (each.estimand,)
        )


def _hypotheses(design: MultiArmDesign) -> Iterator[OutlineEndpoint]:
    for number in range(1 + len(design.secondary)):
        pairs = [design.pair(name, number) for name in _treatments(design)]
        level: Literal["primary", "secondary"] = "secondary" if number else "primary"
        label = design.secondary[number - 1].name if number else design.endpoint.label
        estimands = tuple(_in_population(each.estimand, design, number) for each in pairs)
        yield OutlineEndpoint(label_of(label), level, pairs[0].endpoint.endpoint_month, estimands)


def _in_population(estimand: Estimand, design: MultiArmDesign, number: int) -> Estimand:
    """Return an estimand, with the population of its hypothesis if that has one of its own."""
    own = design.secondary[number - 1].population if number else None
    return estimand if own is None else replace(estimand, population=f"participants {own.name}")
