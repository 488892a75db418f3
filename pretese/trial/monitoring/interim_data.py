"""Interim data of an ongoing trial: one row per analysis, read from CSV and validated."""

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
COUNTS = ("control_events", "control_participants", "treated_events", "treated_participants")
ESTIMATES = ("estimate", "std_error")

#: Printed with every result of interim data.
ACCESS = (
    "Unblinded results: until the trial ends, only the independent data monitoring committee and "
    "its statistician may see them (ICH E9, sections 4.5 and 4.6)."
)

#: Optional columns.
_BESIDE = {COUNTS: ("analysis",), ESTIMATES: ("analysis", "participants")}

_WANTED = f"give {', '.join(COUNTS)} for the score test, or {', '.join(ESTIMATES)}"

#: Range of a cell: minimum and maximum.
_RANGES = {"estimate": (-100.0, 100.0), "std_error": (1e-6, 100.0)}
_WHOLE = (0.0, 1e9)

#: Suggested remedy for invalid cells of these columns.
_CURES = {
    "estimate": "give a number from -100 to 100, for an odds ratio its logarithm",
    "std_error": "give a number above 0, for an odds ratio that of its logarithm",
}


@dataclass(frozen=True, slots=True)
class InterimData:
    """Cumulative data at each analysis.

    Attributes
    ----------
    where
        File, for messages.
    rows
        Row number of each analysis in the file; the header is row 1.
    events, participants
        (analysis, 2) control and treated; None if the file has estimates.
    estimate, std_error
        (analysis,) of the user's own method, logarithms for odds ratios; None if the file has
        counts.
    total
        (analysis,) participants of both arms; None if the file does not contain them.
    sha256
        Hash of the file.
    assumptions
        Assumptions about the format of the file, in words.
    """

    where: str
    rows: tuple[int, ...]
    events: Ints | None
    participants: Ints | None
    estimate: Floats | None
    std_error: Floats | None
    total: Ints | None
    sha256: str
    assumptions: tuple[str, ...] = ()

    @property
    def analyses(self) -> int:
        """Number of analyses in the file."""
        return len(self.rows)

    def fault(self, analysis: int, field: str, problem: str, cure: str) -> InputError:
        """Return an error that names file, row and field; ``analysis`` counts from 0."""
        place = f"row {self.rows[analysis]}, {field}" if field else f"row {self.rows[analysis]}"
        return InputError.of(self.where, place, problem, cure)


@dataclass(frozen=True, slots=True)
class NumberTable:
    """Columns of numbers by name, with the row numbers of the file."""

    where: str
    rows: tuple[int, ...]
    columns: dict[str, Floats]

    def fault(self, k: int, field: str, problem: str, cure: str) -> Fault:
        """Return a fault of a row, counted from 0."""
        return Fault(self.where, f"row {self.rows[k]}, {field}", problem, cure)


def read_interim_data(path: Path) -> InterimData:
    """Read the interim data of an ongoing trial.

    Raises
    ------
    InputError
        All faults of the file at once: unknown or missing columns, cells that are not numbers,
        decreasing or impossible counts.
    """
    return parse_interim_data(read_bytes(path), str(path))


def parse_interim_data(data: bytes, where: str) -> InterimData:
    """Read interim data from the bytes of a file, as `read_interim_data` does."""
    text, rows = read_rows(data, where)
    _check_header(list(text.header), where)
    if not rows:
        raise InputError.of(where, "", "there is no analysis", "give one row per analysis")
    table = numbers_of(text, rows)
    faults = list(_impossible(table))
    if faults:
        raise InputError(faults)
    return _interim_data(table, hashlib.sha256(data).hexdigest(), tuple(text.assumptions))


def _check_header(header: list[str], where: str) -> None:
    """Refuse unknown, missing or repeated columns."""
    kind = ESTIMATES if set(header) & set(ESTIMATES) else COUNTS
    if kind == ESTIMATES and set(header) & set(COUNTS):
        cure = f"{_WANTED}, one of the two"
        raise InputError.of(where, "header", "there are both counts and estimates", cure)
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


def numbers_of(text: TextTable, rows: list[Row]) -> NumberTable:
    """Return all cells as numbers, or raise an error that lists the invalid cells."""
    faults, found = [], np.full((len(rows), len(text.header)), np.nan)
    free = text.delimiter != ","
    for k, (row, cells) in enumerate(rows):
        for j, (name, cell) in enumerate(zip(text.header, cells, strict=True)):
            found[k, j] = _number(name, cell.strip(), free)
            if np.isnan(found[k, j]):
                cure = _CURES.get(_kind(name), "give a whole number from 0")
                if free or number_of(cell) is None:
                    cure = cure_of(cell, cure)
                faults.append(
                    Fault(text.where, f"row {row}, {name}", f"{shown(cell)} is not allowed", cure)
                )
    if faults:
        raise InputError(faults)
    if any("," in cell for _, cells in rows for cell in cells):
        text.assumptions.append("decimal commas are read")
    numbers = tuple(row for row, _ in rows)
    return NumberTable(text.where, numbers, dict(zip(text.header, found.T, strict=True)))


def _number(name: str, cell: str, free: bool) -> float:
    """Return a cell as a number; NaN if it is not allowed in its column."""
    value = lone_number(cell, free=free)
    if value is None:
        return np.nan
    lowest, most = _RANGES.get(_kind(name), _WHOLE)
    fits = lowest <= value <= most and (_kind(name) in _RANGES or value == int(value))
    return value if fits else np.nan


def _kind(name: str) -> str:
    """Return the quantity of a column, whose name may begin with that of an arm."""
    return next((each for each in _RANGES if name == each or name.endswith(f"_{each}")), name)


def _impossible(table: NumberTable) -> Iterator[Fault]:
    """Yield faults of inconsistent numbers."""
    yield from misnumbered(table)
    for arm in ARMS:
        if f"{arm}_participants" in table.columns:
            yield from impossible_counts(table, arm)
    if "participants" in table.columns:
        yield from _status(table, table.columns["participants"], from_none=True)
    elif "control_participants" in table.columns:
        both = table.columns["control_participants"] + table.columns["treated_participants"]
        yield from _status(table, both, from_none=False)


def misnumbered(table: NumberTable) -> Iterator[Fault]:
    """Yield analyses that are not numbered from 1 in their order."""
    for k, number in enumerate(table.columns.get("analysis", ())):
        if number != k + 1:
            problem = f"{number:g} is not allowed; analysis {k + 1} is expected"
            yield table.fault(k, "analysis", problem, "number the analyses from 1 in their order")


def _status(table: NumberTable, participants: Floats, *, from_none: bool) -> Iterator[Fault]:
    """Yield analyses that add no participant."""
    more = np.diff(participants, prepend=0.0)
    for k in np.flatnonzero(more <= 0).tolist():
        if from_none or (k and more[k] == 0):
            problem = f"{participants[k]:.0f} participants, no more than at the previous analysis"
            cure = "give cumulative counts, and remove an analysis that adds no participants"
            yield table.fault(k, "participants", problem, cure)


def impossible_counts(table: NumberTable, arm: str) -> Iterator[Fault]:
    """Yield faults of the cumulative events and participants of an arm."""
    events, participants = table.columns[f"{arm}_events"], table.columns[f"{arm}_participants"]
    for k in range(participants.size):
        if participants[k] < 1:
            yield table.fault(
                k, f"{arm}_participants", "it is 0", "wait for participants in both arms"
            )
        if events[k] > participants[k]:
            problem = f"{events[k]:.0f} events of {participants[k]:.0f} participants"
            yield table.fault(k, f"{arm}_events", problem, "give at most one event per participant")
    for name, column in ((f"{arm}_participants", participants), (f"{arm}_events", events)):
        for k in (np.flatnonzero(np.diff(column) < 0) + 1).tolist():
            problem = f"{column[k]:.0f} after {column[k - 1]:.0f}: it decreases"
            cure = "give cumulative counts, not those since the previous analysis"
            yield table.fault(k, name, problem, cure)
    new_events, new_participants = np.diff(events), np.diff(participants)
    more = (
        (new_events > new_participants) & (new_participants >= 0) & (events[1:] <= participants[1:])
    )
    for k in np.flatnonzero(more).tolist():
        problem = f"{new_events[k]:.0f} more events of {new_participants[k]:.0f} more participants"
        cure = "give cumulative counts; an assessed endpoint does not change"
        yield table.fault(k + 1, f"{arm}_events", problem, cure)


def _interim_data(table: NumberTable, sha256: str, assumptions: tuple[str, ...]) -> InterimData:
    columns = table.columns
    if "estimate" in columns:
        total = columns["participants"].astype(int) if "participants" in columns else None
        value, error = columns["estimate"], columns["std_error"]
        return InterimData(
            table.where, table.rows, None, None, value, error, total, sha256, assumptions
        )
    events, participants = (
        np.stack([columns[f"{arm}_{what}"] for arm in ARMS], -1).astype(int)
        for what in ("events", "participants")
    )
    total = participants.sum(-1)
    return InterimData(
        table.where, table.rows, events, participants, None, None, total, sha256, assumptions
    )
