"""Courses of patients, read from a clinic's tables of patients, visits and injections."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from estimate.core.arrays import Bools, Floats
from estimate.core.columns import Categorical, Kind, Numeric, read_columns
from protocol.errors import InputError

#: Days after a visit that count as its month.
MONTH_DAYS = 30


@dataclass(frozen=True, slots=True)
class CourseTables:
    """Contents of three tables for the patients whose courses are complete.

    Attributes
    ----------
    given
        (patient, month) 1 where the drug was injected on the 30 days from the visit.
    covariates
        (patient, month, column) those of the visits, then baseline values.
    baseline
        How many of the columns are baseline values.
    outcome
        (patient,) NaN for those lost.
    visits
        Column of the visits to (patient, month).
    excluded
        Reason to number of patients.
    kept
        Rows of the table of patients who are there.
    """

    given: Floats
    covariates: Floats
    baseline: int
    outcome: Floats
    visits: Mapping[str, Floats]
    excluded: Mapping[str, int]
    kept: Bools


def read_courses(
    patients: Any, visits: Any, injections: Any, *, key: str, months: Sequence[int], drug: str,
    covariates: Sequence[str], outcome: str, baseline: Mapping[str, Kind],
    later: Collection[str] = (),
) -> CourseTables:  # fmt: skip
    """Return the courses of patients with every visit, measurement and baseline value.

    ``later`` names columns of the visits that may be missing. The last value of a covariate counts
    until the next.
    """
    names = {name: Numeric() for name in dict.fromkeys((*covariates, *later, "month", "day"))}
    seen = read_columns(visits, names, "visits")
    enrolled = read_columns(patients, {outcome: Numeric(), **baseline}, "patients")
    number = {name: row for row, name in enumerate(_keys(patients, key, "patients"))}
    if len(number) < len(enrolled[outcome]):
        raise InputError.of("patients", key, "it is repeated", "give one row per patient")
    table, filled = _by_month(seen, _keys(visits, key, "visits"), number, months)
    for name in covariates:
        _carry_forward(table[name])
    given = _injected(injections, key, drug, table["day"], number)
    complete = filled.all(1)
    measured = complete & np.all([np.isfinite(table[n]).all(1) for n in covariates], axis=0)
    known = measured & np.all([np.isfinite(enrolled[n]) for n in baseline], axis=0)
    excluded = {
        "a visit is missing": int((~complete).sum()),
        "a measurement is missing": int((complete & ~measured).sum()),
        "a baseline value is missing": int((measured & ~known).sum()),
    }
    if not known.any():
        cure = "plan months and covariates that the visits hold"
        raise InputError.of("visits", "month", "no patient has every visit of the plan", cure)
    columns = [table[name] for name in covariates]
    for name, kind in baseline.items():
        own = _indicators(enrolled[name], kind)
        columns += [np.repeat(column[:, None], len(months), 1) for column in own]
    return CourseTables(
        given[known], np.stack(columns, -1)[known], len(columns) - len(covariates),
        enrolled[outcome][known], {name: table[name][known] for name in table}, excluded, known,
    )  # fmt: skip


def _by_month(
    seen: Mapping[str, Floats], keys: Sequence[str], number: Mapping[str, int],
    months: Sequence[int],
) -> tuple[dict[str, Floats], Bools]:  # fmt: skip
    """Return the columns of the visits as (patient, month), and which months have a visit."""
    shape = (len(number), len(months))
    table = {name: np.full(shape, np.nan) for name in seen if name != "month"}
    place = {month: index for index, month in enumerate(months)}
    filled = np.zeros(shape, bool)
    for row, who in enumerate(keys):
        at = place.get(int(seen["month"][row])) if np.isfinite(seen["month"][row]) else None
        if at is None or who not in number:
            continue
        if filled[number[who], at]:
            problem = f"patient {who} has two visits in month {months[at]}"
            raise InputError.of("visits", "month", problem, "keep one visit per month")
        filled[number[who], at] = True
        for name in table:
            table[name][number[who], at] = seen[name][row]
    return table, filled


def _carry_forward(values: Floats) -> None:
    """Let the last value count until the next, (patient, month)."""
    for month in range(1, values.shape[1]):
        gap = np.isnan(values[:, month])
        values[gap, month] = values[gap, month - 1]


def _indicators(values: Floats, kind: Kind) -> list[Floats]:
    """Return a number as it is, and a category as one column per level but the first."""
    if isinstance(kind, Categorical):
        return [(values == level) * 1.0 for level in range(1, len(kind.levels))]
    return [values]


def _keys(table: Any, column: str, where: str) -> list[str]:
    if column not in table:
        have = ", ".join(map(str, table))
        raise InputError.of(where, column, "there is no such column", f"columns here: {have}")
    return [str(value) for value in np.asarray(table[column], object)]


def _injected(
    injections: Any, key: str, drug: str, day: Floats, number: Mapping[str, int]
) -> Floats:
    """Return 1 where a patient had the drug on the 30 days from the visit, (patient, month)."""
    keys = _keys(injections, key, "injections")
    drugs = [str(each) for each in np.asarray(injections["drug"], object)]
    when = read_columns(injections, {"day": Numeric()}, "injections")["day"]
    given = np.zeros(day.shape)
    if drug not in drugs:
        have = ", ".join(sorted(set(drugs)))
        raise InputError.of("injections", "drug", f"{drug} occurs nowhere", f"drugs: {have}")
    rows = [i for i, each in enumerate(drugs) if each == drug and keys[i] in number]
    who = np.array([number[keys[i]] for i in rows], int)
    start = day[who]
    inside = (when[rows][:, None] >= start) & (when[rows][:, None] < start + MONTH_DAYS)
    np.maximum.at(given, who, inside.astype(float))
    return given
