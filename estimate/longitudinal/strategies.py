"""Strategies of a plan, applied to a clinic's tables of visits and injections."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

import numpy as np
from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from estimate.core.arrays import Bools, Floats
from estimate.core.columns import Kind
from estimate.core.result import Estimate, plain
from estimate.longitudinal.course_tables import read_courses
from estimate.longitudinal.g_formula import g_formula_effects, g_formula_risks
from estimate.longitudinal.regimes import Courses, courses, regime_risks
from estimate.longitudinal.structural_model import Exposure, structural_model
from protocol.errors import InputError
from protocol.reading.documents import Document
from protocol.reading.fields import Number, Whole

_CONDITION = re.compile(r"^(.+?)\s*(<=|>=|<|>)\s*(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)$")
_CURE = 'write `never`, `always`, or conditions such as "fsh_iu_l <= 11.1"'


def _conditions(value: Any) -> Any:
    """Accept one condition as a list of one."""
    return [value] if isinstance(value, str) else value


class PlannedModel(Document):
    """A marginal structural model.

    Attributes
    ----------
    exposure
        `cumulative`: months treated so far; `current`: treatment of the month.
    outcome
        Column of the visits with the outcome that follows each month's decision, 0/1 or a number;
        by default the outcome of the plan, after the last month.
    event
        Whether the outcome can happen once; a patient then leaves after it.
    truncate_percent
        Percentiles at which weights are cut; by default none are cut.
    """

    exposure: Exposure = "cumulative"
    outcome: str | None = None
    event: bool = False
    truncate_percent: (
        tuple[Annotated[Number, Field(ge=0, le=50)], Annotated[Number, Field(ge=50, le=100)]] | None
    ) = None

    @model_validator(mode="after")
    def _events_happen_at_visits(self) -> Self:
        if self.event and self.outcome is None:
            raise ValueError("`event` goes with `outcome`, a column of the visits")
        return self


class Strategies(Document):
    """Treatment strategies that decide at each visit from the known history.

    Attributes
    ----------
    patient
        Column that identifies a patient in all three tables.
    months
        Months of the decision visits, in order.
    covariates
        Columns of the visits on which decisions and outcome may depend.
    drug
        Drug that is decided on; a patient is treated in a month if it is injected in the 30 days
        from the visit.
    compare
        Name to rule: `never`, `always`, or conditions on columns of the visit that must all hold.
        The first strategy is the reference.
    decided_if
        Conditions under which treatment is decided; elsewhere no one is treated, and the clones
        need no weight. Empty: in every month.
    grace_months
        Months by which a newly required treatment may be late.
    structural_model
        A marginal structural model of the effect of each month treated, in addition to the
        strategies.
    """

    patient: str = "patient_id"
    months: Annotated[
        tuple[Annotated[Whole, Field(ge=0, le=600)], ...], Field(min_length=1, max_length=24)
    ]
    covariates: Annotated[tuple[str, ...], Field(min_length=1)]
    drug: str
    compare: Annotated[
        dict[str, Annotated[tuple[str, ...], BeforeValidator(_conditions)]], Field(min_length=2)
    ]
    decided_if: Annotated[tuple[str, ...], BeforeValidator(_conditions)] = ()
    grace_months: Annotated[Whole, Field(ge=0, le=12)] = 0
    structural_model: PlannedModel | None = None

    @field_validator("months")
    @classmethod
    def _in_order(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError("list the months once each, the earliest first")
        return value

    @field_validator("compare", "decided_if")
    @classmethod
    def _rules_are_rules(cls, value: Any, info: ValidationInfo) -> Any:
        rules = value if isinstance(value, dict) else {"decided_if": value}
        for name, rule in rules.items():
            for condition in rule:
                if condition in ("never", "always") and len(rule) == 1:
                    continue
                found = _CONDITION.match(condition)
                if found is None:
                    raise ValueError(f"{name}: {condition!r} is not a rule; {_CURE}")
                if found[1] not in info.data.get("covariates", (found[1],)):
                    raise ValueError(f"{name}: list {found[1]} under covariates first")
        return value


@dataclass(frozen=True, slots=True)
class StrategyFindings:
    """Result of a comparison of strategies.

    ``risks`` has one row per strategy: risk by weighting, by the g-formula and unweighted, patients
    who adhered, largest weight. ``estimates`` compare each strategy with the first.
    """

    risks: tuple[Mapping[str, Any], ...]
    estimates: tuple[Estimate, ...]
    excluded: Mapping[str, int]

    def record(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "risks": [dict(row) for row in self.risks],
            "estimates": [row for each in self.estimates for row in each.records()],
            "excluded": dict(self.excluded),
        }


@dataclass(frozen=True, slots=True)
class PlannedCourses:
    """Courses of a clinic's tables, and the treatment of each strategy for each patient.

    ``asked`` has the names of the strategies, (patient, month). ``visits`` has the columns of the
    visits, ``baseline`` the number of baseline covariates, ``kept`` the rows of the patients.
    """

    data: Courses
    asked: Mapping[str, Floats]
    visits: Mapping[str, Floats]
    baseline: int
    excluded: Mapping[str, int]
    kept: Bools


def read_strategies(
    patients: Any, visits: Any, injections: Any, asked: Strategies, *,
    outcome: str, baseline: Mapping[str, Kind],
) -> PlannedCourses:  # fmt: skip
    """Read the courses of patients and what strategies ask of them; see `compare_strategies`."""
    monthly = asked.structural_model.outcome if asked.structural_model else None
    tables = read_courses(
        patients, visits, injections, key=asked.patient, months=asked.months, drug=asked.drug,
        covariates=asked.covariates, outcome=outcome, baseline=baseline,
        later=[] if monthly is None else [monthly],
    )  # fmt: skip
    decided = _holds(asked.decided_if, tables.visits) if asked.decided_if else None
    return PlannedCourses(
        courses(tables.given, tables.covariates, tables.outcome, decided=decided),
        {name: _asked(rule, tables.visits, asked) for name, rule in asked.compare.items()},
        tables.visits, tables.baseline, tables.excluded, tables.kept,
    )  # fmt: skip


def compare_strategies(
    patients: Any,
    visits: Any,
    injections: Any,
    asked: Strategies,
    *,
    outcome: str,
    baseline: Mapping[str, Kind] | None = None,
    samples: int = 200,
    seed: int = 0,
) -> StrategyFindings:
    """Compare strategies in the tables of a clinic.

    Parameters
    ----------
    patients, visits, injections
        Names to columns, or DataFrames: one row per patient (with the outcome, missing for those
        lost), per visit (``month``, ``day``) and per injection (``day``, ``drug``).
    baseline
        Columns of the patients on which treatment and outcome may depend, and what they hold.
    samples, seed
        Of the bootstrap of the g-formula.

    Raises
    ------
    InputError
        If a column is missing, a visit is repeated, or no patient follows a strategy.
    """
    read = read_strategies(
        patients, visits, injections, asked, outcome=outcome, baseline=baseline or {}
    )
    data, wanted = read.data, read.asked
    found, naive = (regime_risks(data, wanted, weighted=weighted) for weighted in (True, False))
    for name, adherent in zip(found.names, found.adherent, strict=True):
        if not adherent:
            cure = "compare strategies that occur in the data, or allow `grace_months`"
            raise InputError.of("strategies", name, "no patient followed it", cure)
    predicted, _ = g_formula_risks(data, wanted)
    rows = [
        {
            "strategy": name, "weighted": plain(found.risk[i]), "g_formula": plain(predicted[i]),
            "unweighted": plain(naive.risk[i]), "adherent": int(found.adherent[i]),
            "largest_weight": plain(found.weights[i].max()),
        }
        for i, name in enumerate(found.names)
    ]  # fmt: skip
    first, *others = found.names
    estimates: list[Estimate] = []
    for label, risks in (("clone-censor-weight", found), ("per-protocol, unweighted", naive)):
        for other in others:
            estimates += [
                replace(each, method=f"{label}: {other} vs {first}")
                for each in risks.compare(other, first, outcome)
            ]
    estimates += g_formula_effects(data, wanted, outcome, samples=samples, seed=seed)
    estimates += _structural(read, asked, outcome)
    return StrategyFindings(tuple(rows), tuple(estimates), read.excluded)


def _structural(read: PlannedCourses, asked: Strategies, outcome: str) -> Iterator[Estimate]:
    """Yield the effect of each month treated, if a model is planned."""
    model = asked.structural_model
    if model is None:
        return
    cut = model.truncate_percent
    found = structural_model(
        read.data, None if model.outcome is None else read.visits[model.outcome],
        exposure=model.exposure, baseline=read.baseline, event=model.event,
        truncate=None if cut is None else (cut[0] / 100, cut[1] / 100),
    )  # fmt: skip
    words = "each month" if model.exposure == "cumulative" else "this month"
    effect = found.effect(model.outcome or outcome, exposure=model.exposure)
    yield replace(effect, method=f"marginal structural model: {asked.drug}, {words}")


def _asked(rule: Sequence[str], raw: Mapping[str, Floats], asked: Strategies) -> Floats:
    """Return the treatment (patient, month) that a rule assigns; NaN while it may be late."""
    return allow_grace(_holds(rule, raw), asked.grace_months)


def _holds(rule: Sequence[str], raw: Mapping[str, Floats]) -> Bools:
    """Return where (patient, month) all conditions hold."""
    holds: Bools = np.ones(next(iter(raw.values())).shape, bool)
    for condition in rule:
        if condition in ("never", "always"):
            holds = holds & (condition == "always")
            continue
        found = _CONDITION.match(condition)
        if found is None:
            raise ValueError(f"{condition!r} is not a rule")
        value, limit = raw[found[1]], float(found[3])
        holds = holds & {
            "<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit
        }[found[2]]  # fmt: skip
    return holds


def allow_grace(holds: Bools, months: int) -> Floats:
    """Return 1 where treatment is assigned, NaN in the first ``months`` of each such period.

    >>> allow_grace(np.array([[False, True, True, True]]), 1)
    array([[ 0., nan,  1.,  1.]])
    """
    before = np.concatenate([np.zeros_like(holds[:, :1]), holds[:, :-1]], 1)
    begun, wanted = holds & ~before, holds.astype(float)
    for _ in range(months):
        wanted[begun] = np.nan
        begun = holds & np.concatenate([np.zeros_like(begun[:, :1]), begun[:, :-1]], 1)
    return wanted
