"""The looks a running trial has taken: a table with one row per look, read and checked."""

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from estimate.core.arrays import Floats, Ints
from protocol.errors import Fault, InputError
from protocol.reading.numbers import cure_of, lone_number, number_of, shown
from protocol.tables import Row, TextTable, read_bytes, read_rows

ARMS = ("control", "treated")
COUNTS = ("control_events", "control_men", "treated_events", "treated_men")
ESTIMATES = ("estimate", "std_error")

#: Columns that may stand beside them.
_BESIDE = {COUNTS: ("look",), ESTIMATES: ("look", "men")}

_WANTED = f"give {', '.join(COUNTS)} for an unadjusted comparison, or {', '.join(ESTIMATES)}"

#: What a cell may hold: least and most.
_RANGES = {"estimate": (-100.0, 100.0), "std_error": (1e-6, 100.0)}
_WHOLE = (0.0, 1e9)

#: What to do about a cell of these columns that holds something else.
_CURES = {
    "estimate": "give a number from -100 to 100, for an odds ratio its logarithm",
    "std_error": "give a number above 0, for an odds ratio that of its logarithm",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What each look saw, all men up to it together.

    Attributes
    ----------
    where
        File, for messages.
    rows
        Row of each look in the file; the header is row 1.
    events, men
        (look, 2) control and treated; None if estimates came.
    estimate, std_error
        (look,) by a method of the user's, logarithms for odds ratios; None if counts came.
    total
        (look,) men of both arms; None if the file does not tell.
    sha256
        Of the file.
    assumptions
        What was assumed about the file, in words.
    """

    where: str
    rows: tuple[int, ...]
    events: Ints | None
    men: Ints | None
    estimate: Floats | None
    std_error: Floats | None
    total: Ints | None
    sha256: str
    assumptions: tuple[str, ...] = ()

    @property
    def looks(self) -> int:
        """Number of looks in the file."""
        return len(self.rows)

    def fault(self, look: int, field: str, problem: str, cure: str) -> InputError:
        """Return an error that names file, row and field of a look, counted from 0."""
        place = f"row {self.rows[look]}, {field}" if field else f"row {self.rows[look]}"
        return InputError.of(self.where, place, problem, cure)


@dataclass(frozen=True, slots=True)
class _Table:
    """Columns of numbers by name, and the row of the file that each entry stands in."""

    where: str
    rows: tuple[int, ...]
    columns: dict[str, Floats]

    def fault(self, k: int, field: str, problem: str, cure: str) -> Fault:
        return Fault(self.where, f"row {self.rows[k]}, {field}", problem, cure)


def read_taken(path: Path) -> Taken:
    """Read the looks taken so far.

    Raises
    ------
    InputError
        All faults of the file at once: columns that are not known or missing, cells that are no
        numbers, counts that fall or cannot be.
    """
    return parse_taken(read_bytes(path), str(path))


def parse_taken(data: bytes, where: str) -> Taken:
    """Read the looks from the bytes of their file, as `read_taken` does."""
    text, rows = read_rows(data, where)
    _check_header(list(text.header), where)
    if not rows:
        raise InputError.of(where, "", "no look has been taken", "give a row per look")
    table = _numbers(text, rows)
    faults = list(_impossible(table))
    if faults:
        raise InputError(faults)
    return _taken(table, hashlib.sha256(data).hexdigest(), tuple(text.assumptions))


def _check_header(header: list[str], where: str) -> None:
    """Refuse columns that are not known, missing, or given twice."""
    kind = ESTIMATES if set(header) & set(ESTIMATES) else COUNTS
    if kind == ESTIMATES and set(header) & set(COUNTS):
        cure = f"{_WANTED}, one of the two"
        raise InputError.of(where, "header", "there are counts and estimates", cure)
    allowed = (*kind, *_BESIDE[kind])
    faults = []
    for name in header:
        if name not in allowed:
            near = difflib.get_close_matches(name, allowed, n=1)
            guess = f"did you mean {near[0]!r}? " if near else ""
            cure = f"{guess}columns are {', '.join(allowed)}"
            faults.append(Fault(where, name, "there is no such column", cure))
    missing = [name for name in kind if name not in header]
    faults += [Fault(where, name, "the column is missing", _WANTED) for name in missing]
    if faults:
        raise InputError(faults)


def _numbers(text: TextTable, rows: list[Row]) -> _Table:
    """Return all cells as numbers, or say which of them are none that their column may hold."""
    faults, found = [], np.full((len(rows), len(text.header)), np.nan)
    free = text.delimiter != ","
    for k, (row, cells) in enumerate(rows):
        for j, (name, cell) in enumerate(zip(text.header, cells, strict=True)):
            found[k, j] = _number(name, cell.strip(), free)
            if np.isnan(found[k, j]):
                cure = _CURES.get(name, "give a whole number from 0")
                if free or number_of(cell) is None:
                    cure = cure_of(cell, cure)
                faults.append(Fault(text.where, f"row {row}, {name}", f"{shown(cell)} came", cure))
    if faults:
        raise InputError(faults)
    if any("," in cell for _, cells in rows for cell in cells):
        text.assumptions.append("decimal commas are read")
    numbers = tuple(row for row, _ in rows)
    return _Table(text.where, numbers, dict(zip(text.header, found.T, strict=True)))


def _number(name: str, cell: str, free: bool) -> float:
    """Return a cell as a number; NaN if it is none that the column may hold."""
    value = lone_number(cell, free=free)
    if value is None:
        return np.nan
    least, most = _RANGES.get(name, _WHOLE)
    fits = least <= value <= most and (name in _RANGES or value == int(value))
    return value if fits else np.nan


def _impossible(table: _Table) -> Iterator[Fault]:
    """Yield what is wrong with numbers that each alone would do."""
    for k, number in enumerate(table.columns.get("look", ())):
        if number != k + 1:
            problem = f"{number:g} came where look {k + 1} should"
            yield table.fault(k, "look", problem, "list all looks in their order, from 1")
    for arm in ARMS:
        if f"{arm}_men" in table.columns:
            yield from _impossible_arm(table, arm)
    if "men" in table.columns:
        yield from _standing(table, table.columns["men"], from_none=True)
    elif "control_men" in table.columns:
        both = table.columns["control_men"] + table.columns["treated_men"]
        yield from _standing(table, both, from_none=False)


def _standing(table: _Table, men: Floats, *, from_none: bool) -> Iterator[Fault]:
    """Yield looks that no man came to; where arms are told, a fall is said of them."""
    more = np.diff(men, prepend=0.0)
    for k in np.flatnonzero(more <= 0).tolist():
        if from_none or (k and more[k] == 0):
            problem = f"{men[k]:.0f} men, no more than at the look before"
            cure = "count all men up to each look, and leave out a look that adds none"
            yield table.fault(k, "men", problem, cure)


def _impossible_arm(table: _Table, arm: str) -> Iterator[Fault]:
    events, men = table.columns[f"{arm}_events"], table.columns[f"{arm}_men"]
    for k in range(men.size):
        if men[k] < 1:
            yield table.fault(k, f"{arm}_men", "0 came", "wait for men in both arms")
        if events[k] > men[k]:
            problem = f"{events[k]:.0f} events of {men[k]:.0f} men"
            yield table.fault(k, f"{arm}_events", problem, "give at most one event per man")
    for name, column in ((f"{arm}_men", men), (f"{arm}_events", events)):
        for k in (np.flatnonzero(np.diff(column) < 0) + 1).tolist():
            problem = f"{column[k]:.0f} after {column[k - 1]:.0f}: it falls"
            cure = "count all men up to each look, not those since the look before"
            yield table.fault(k, name, problem, cure)
    new_events, new_men = np.diff(events), np.diff(men)
    more = (new_events > new_men) & (new_men >= 0) & (events[1:] <= men[1:])
    for k in np.flatnonzero(more).tolist():
        problem = f"{new_events[k]:.0f} more events of {new_men[k]:.0f} more men"
        cure = "count all men up to each look; an endpoint once known stays"
        yield table.fault(k + 1, f"{arm}_events", problem, cure)


def _taken(table: _Table, sha256: str, assumptions: tuple[str, ...]) -> Taken:
    columns = table.columns
    if "estimate" in columns:
        total = columns["men"].astype(int) if "men" in columns else None
        value, error = columns["estimate"], columns["std_error"]
        return Taken(table.where, table.rows, None, None, value, error, total, sha256, assumptions)
    events, men = (
        np.stack([columns[f"{arm}_{what}"] for arm in ARMS], -1).astype(int)
        for what in ("events", "men")
    )
    total = men.sum(-1)
    return Taken(table.where, table.rows, events, men, None, None, total, sha256, assumptions)
