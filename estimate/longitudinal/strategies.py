"""Strategies as a plan writes them, applied to a clinic's tables of visits and injections."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from estimate.core.arrays import Bools, Floats
from estimate.core.columns import Categorical, Kind, Numeric, read_columns
from estimate.core.result import Estimate, plain
from estimate.longitudinal.g_formula import g_formula_effects, g_formula_risks
from estimate.longitudinal.regimes import Courses, courses, regime_risks
from protocol.errors import InputError
from protocol.reading.documents import Document
from protocol.reading.fields import Whole

_CONDITION = re.compile(r"^(.+?)\s*(<=|>=|<|>)\s*(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)$")
_CURE = 'write `never`, `always`, or conditions such as "fsh_iu_l <= 11.1"'

#: Days after a visit that count as its month.
MONTH_DAYS = 30


def _conditions(value: Any) -> Any:
    """Let one condition stand for a list of one."""
    return [value] if isinstance(value, str) else value


class Strategies(Document):
    """Treatment strategies that decide at each visit from what is known then.

    Attributes
    ----------
    patient
        Column that identifies a patient in all three tables.
    months
        Months of the visits at which it is decided, in order.
    covariates
        Columns of the visits on which decisions and outcome may depend.
    drug
        Drug of the injections that is decided on; a patient is treated in a month if any injection
        of it falls on the 30 days from the visit.
    compare
        Name to rule: `never`, `always`, or conditions on columns of the visit that must all hold.
        The first strategy is the reference.
    decided_if
        Conditions under which a clinic decides at all; elsewhere nobody is treated, and the clones
        need no weight. Empty: in every month.
    grace_months
        Months that a treatment which the rule newly asks for may be late.
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
    """What a comparison of strategies found.

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
        If a column is not there, a visit is repeated, or a strategy is followed by nobody.
    """
    data, raw, excluded = _courses(patients, visits, injections, asked, outcome, baseline or {})
    wanted = {name: _asked(rule, raw, asked) for name, rule in asked.compare.items()}
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
    return StrategyFindings(tuple(rows), tuple(estimates), excluded)


def _courses(
    patients: Any, visits: Any, injections: Any, asked: Strategies, outcome: str,
    baseline: Mapping[str, Kind],
) -> tuple[Courses, dict[str, Floats], dict[str, int]]:  # fmt: skip
    """Return courses, the visits' columns (patient, month) of the same patients, and who is out."""
    names = {name: Numeric() for name in (*asked.covariates, "month", "day")}
    seen = read_columns(visits, names, "visits")
    enrolled = read_columns(patients, {outcome: Numeric(), **baseline}, "patients")
    number = {key: row for row, key in enumerate(_keys(patients, asked.patient, "patients"))}
    if len(number) < len(enrolled[outcome]):
        raise InputError.of("patients", asked.patient, "it is repeated", "give one row per patient")
    shape = (len(number), len(asked.months))
    table = {name: np.full(shape, np.nan) for name in (*asked.covariates, "day")}
    place = {month: index for index, month in enumerate(asked.months)}
    filled = np.zeros(shape, bool)
    for row, key in enumerate(_keys(visits, asked.patient, "visits")):
        at = place.get(int(seen["month"][row])) if np.isfinite(seen["month"][row]) else None
        if at is None or key not in number:
            continue
        if filled[number[key], at]:
            problem = f"patient {key} has two visits in month {asked.months[at]}"
            raise InputError.of("visits", "month", problem, "keep one visit per month")
        filled[number[key], at] = True
        for name in table:
            table[name][number[key], at] = seen[name][row]
    for name in asked.covariates:  # the last value counts until the next
        for month in range(1, shape[1]):
            gap = np.isnan(table[name][:, month])
            table[name][gap, month] = table[name][gap, month - 1]
    given = _injected(injections, asked, table["day"], number)
    complete = filled.all(1)
    measured = complete & np.all([np.isfinite(table[n]).all(1) for n in asked.covariates], axis=0)
    known = measured & np.all([np.isfinite(enrolled[n]) for n in baseline], axis=0)
    excluded = {
        "a visit is missing": int((~complete).sum()),
        "a measurement is missing": int((complete & ~measured).sum()),
        "a baseline value is missing": int((measured & ~known).sum()),
    }
    if not known.any():
        cure = "plan months and covariates that the visits hold"
        raise InputError.of("visits", "month", "no patient has every visit of the plan", cure)
    columns = [table[name] for name in asked.covariates]
    for name, kind in baseline.items():
        own = [enrolled[name]]
        if isinstance(kind, Categorical):
            own = [(enrolled[name] == level) * 1.0 for level in range(1, len(kind.levels))]
        columns += [np.repeat(column[:, None], shape[1], 1) for column in own]
    raw = {name: table[name][known] for name in asked.covariates}
    decided = _holds(asked.decided_if, raw) if asked.decided_if else None
    data = courses(
        given[known], np.stack(columns, -1)[known], enrolled[outcome][known], decided=decided
    )
    return data, raw, excluded


def _keys(table: Any, column: str, where: str) -> list[str]:
    if column not in table:
        have = ", ".join(map(str, table))
        raise InputError.of(where, column, "there is no such column", f"columns here: {have}")
    return [str(value) for value in np.asarray(table[column], object)]


def _injected(injections: Any, asked: Strategies, day: Floats, number: Mapping[str, int]) -> Floats:
    """Return 1 where a patient had the drug on the 30 days from the visit, (patient, month)."""
    keys = _keys(injections, asked.patient, "injections")
    drugs = [str(drug) for drug in np.asarray(injections["drug"], object)]
    when = read_columns(injections, {"day": Numeric()}, "injections")["day"]
    given = np.zeros(day.shape)
    if asked.drug not in drugs:
        have = ", ".join(sorted(set(drugs)))
        raise InputError.of("injections", "drug", f"{asked.drug} occurs nowhere", f"drugs: {have}")
    rows = [i for i, drug in enumerate(drugs) if drug == asked.drug and keys[i] in number]
    who = np.array([number[keys[i]] for i in rows], int)
    start = day[who]
    inside = (when[rows][:, None] >= start) & (when[rows][:, None] < start + MONTH_DAYS)
    np.maximum.at(given, who, inside.astype(float))
    return given


def _asked(rule: Sequence[str], raw: Mapping[str, Floats], asked: Strategies) -> Floats:
    """Return the treatment (patient, month) that a rule asks for; NaN while it may be late."""
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
    """Return 1 where treatment is asked for, NaN in the first ``months`` of each such spell.

    >>> allow_grace(np.array([[False, True, True, True]]), 1)
    array([[ 0., nan,  1.,  1.]])
    """
    before = np.concatenate([np.zeros_like(holds[:, :1]), holds[:, :-1]], 1)
    begun, wanted = holds & ~before, holds.astype(float)
    for _ in range(months):
        wanted[begun] = np.nan
        begun = holds & np.concatenate([np.zeros_like(begun[:, :1]), begun[:, :-1]], 1)
    return wanted
