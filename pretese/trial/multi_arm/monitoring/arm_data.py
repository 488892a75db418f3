"""Interim data of several arms: one row per analysis, or one per participant, validated."""

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Floats, Ints
from pretese.trial.monitoring.interim_data import (
    NumberTable,
    impossible_counts,
    misnumbered,
    numbers_of,
)
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from protocol.errors import Fault, InputError
from protocol.reading.numbers import number_of, shown
from protocol.tables import Row, TextTable, read_rows

#: Columns of a table of participants.
COLUMNS = ("arm", "event", "analysis")

#: Most analyses of a table.
_MOST = 100


@dataclass(frozen=True, slots=True)
class ArmInterimData:
    """Cumulative data of every arm at each analysis, the control first.

    Attributes
    ----------
    where
        File, for messages.
    rows
        Row number of each analysis in the file, the header being row 1; of a table of participants,
        the number of the analysis.
    participants
        (analysis, arm) participants analysed.
    events
        (analysis, arm); None if the file has estimates.
    estimate, std_error
        (analysis, treatment) of the user's own method against the control, logarithms for odds
        ratios; None if the file has counts.
    sha256
        Hash of the file.
    assumptions
        Assumptions about the format of the file, in words.
    """

    where: str
    rows: tuple[int, ...]
    participants: Ints
    events: Ints | None
    estimate: Floats | None
    std_error: Floats | None
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


def parse_arm_data(data: bytes, where: str, design: MultiArmDesign) -> ArmInterimData:
    """Read the interim data of the arms of a design from the bytes of a CSV file.

    Parameters
    ----------
    data
        One row per analysis, cumulative: ``ARM_events`` and ``ARM_participants`` of every arm, or
        ``ARM_participants`` of every arm with ``ARM_estimate`` and ``ARM_std_error`` of every
        treatment. Or one row per participant: ``arm``, ``event`` (0 or 1; empty if not observed)
        and ``analysis``, the first analysis that includes the participant.

    Raises
    ------
    InputError
        All faults of the file at once: unknown arms, missing columns, cells that are not numbers,
        decreasing or impossible counts.
    """
    text, rows = read_rows(data, where)
    if not rows:
        raise InputError.of(where, "", "there is no analysis", "give one row per analysis")
    sha256, assumptions = hashlib.sha256(data).hexdigest(), text.assumptions
    if set(COLUMNS) <= set(text.header):
        table = _rows_per_analysis(text, rows, design)
        return _arm_data(table, design, sha256, tuple(assumptions))
    _check_header(list(text.header), where, design)
    table = numbers_of(text, rows)
    faults = list(_impossible(table, design))
    if faults:
        raise InputError(faults)
    return _arm_data(table, design, sha256, tuple(assumptions))


def columns_of(design: MultiArmDesign, *, estimates: bool) -> tuple[str, ...]:
    """Return the columns that a file of a design needs."""
    sizes = [f"{arm}_participants" for arm in design.names]
    if estimates:
        own = [f"{arm}_{what}" for arm in design.treatments for what in ("estimate", "std_error")]
        return (*sizes, *own)
    return tuple(f"{arm}_{what}" for arm in design.names for what in ("events", "participants"))


def _check_header(header: list[str], where: str, design: MultiArmDesign) -> None:
    """Refuse columns of unknown arms, and missing columns."""
    estimates = any(name.endswith(("_estimate", "_std_error")) for name in header)
    needed = columns_of(design, estimates=estimates)
    faults = []
    for name in header:
        if name in (*needed, "analysis"):
            continue
        near = difflib.get_close_matches(name, needed, n=1)
        guess = f"did you mean {near[0]!r}? " if near else ""
        cure = f"{guess}arms are {', '.join(design.names)}; columns are {', '.join(needed)}"
        faults.append(Fault(where, shown(name), "there is no such column", cure))
    wanted = f"give {', '.join(needed)}, or a row per participant with {', '.join(COLUMNS)}"
    missing = [name for name in needed if name not in header]
    faults += [Fault(where, name, "the column is missing", wanted) for name in missing]
    if faults:
        raise InputError(faults)


def _impossible(table: NumberTable, design: MultiArmDesign) -> Iterator[Fault]:
    """Yield faults of inconsistent numbers."""
    yield from misnumbered(table)
    for arm in design.names:
        if f"{arm}_events" in table.columns:
            yield from impossible_counts(table, arm)
        else:
            yield from _impossible_sizes(table, f"{arm}_participants")
    total = np.sum([table.columns[f"{arm}_participants"] for arm in design.names], 0)
    for k in (np.flatnonzero(np.diff(total) == 0) + 1).tolist():
        problem = f"{total[k]:.0f} participants, no more than at the previous analysis"
        cure = "give cumulative counts, and remove an analysis that adds no participants"
        yield table.fault(k, "participants", problem, cure)


def _impossible_sizes(table: NumberTable, name: str) -> Iterator[Fault]:
    """Yield faults of the cumulative participants of an arm without counts of events."""
    column = table.columns[name]
    if column[0] < 1:
        yield table.fault(0, name, "it is 0", "wait for participants in every arm")
    for k in (np.flatnonzero(np.diff(column) < 0) + 1).tolist():
        problem = f"{column[k]:.0f} after {column[k - 1]:.0f}: it decreases"
        yield table.fault(k, name, problem, "give cumulative participants")


def _arm_data(
    table: NumberTable, design: MultiArmDesign, sha256: str, assumptions: tuple[str, ...]
) -> ArmInterimData:
    def stacked(arms: tuple[str, ...], what: str) -> Floats | None:
        if f"{arms[-1]}_{what}" not in table.columns:
            return None
        return np.stack([table.columns[f"{arm}_{what}"] for arm in arms], -1)

    sizes, events = (stacked(design.names, what) for what in ("participants", "events"))
    if sizes is None:
        raise ValueError("participants are missing")  # refused with the header
    return ArmInterimData(
        where=table.where,
        rows=table.rows,
        participants=sizes.astype(int),
        events=None if events is None else events.astype(int),
        estimate=stacked(design.treatments, "estimate"),
        std_error=stacked(design.treatments, "std_error"),
        sha256=sha256,
        assumptions=assumptions,
    )


def _rows_per_analysis(text: TextTable, rows: list[Row], design: MultiArmDesign) -> NumberTable:
    """Return cumulative events and participants of every arm, one row per analysis.

    A participant without an observed endpoint is excluded, or counts as a failure if the endpoint
    of the design says so. Other columns are not read.

    Raises
    ------
    InputError
        Unknown arms, events other than 0, 1 and empty, analyses that are not numbered from 1, and
        arms without participants at the first analysis.
    """
    place = {name: text.header.index(name) for name in COLUMNS}
    faults = [
        fault
        for row, cells in rows
        for fault in _faults(text.where, row, {n: cells[j].strip() for n, j in place.items()},
                             design)
    ]  # fmt: skip
    if faults:
        raise InputError(faults)
    arm, event, analysis = ([cells[place[n]].strip() for _, cells in rows] for n in COLUMNS)
    number = np.array([int(number_of(each) or 0) for each in analysis])
    seen = np.array([each != "" for each in event]) | (design.endpoint.missing == "failure")
    success = np.array([each == "1" for each in event])
    columns: dict[str, np.ndarray] = {}
    last = int(number.max())
    for name in design.names:
        own = seen & (np.array(arm) == name)
        for what, counted in (("events", own & success), ("participants", own)):
            new = np.bincount(number[counted], minlength=last + 1)[1:]
            columns[f"{name}_{what}"] = np.cumsum(new).astype(float)
    table = NumberTable(text.where, tuple(range(1, last + 1)), columns)
    _check_counts(table, design)
    text.assumptions.append(
        f"{len(rows)} participants are counted at the analysis of each and at later ones; "
        f"{int((~seen).sum())} without an observed endpoint are excluded"
    )
    return table


def _faults(where: str, row: int, cell: dict[str, str], design: MultiArmDesign) -> Iterator[Fault]:
    if cell["arm"] not in design.names:
        cure = f"choose from {', '.join(design.names)}"
        yield Fault(where, f"row {row}, arm", f"there is no arm {shown(cell['arm'])}", cure)
    if cell["event"] not in {"0", "1", ""}:
        problem = f"{shown(cell['event'])} is not allowed"
        yield Fault(where, f"row {row}, event", problem, "give 0, 1, or nothing if not observed")
    number = number_of(cell["analysis"])
    if number is None or number != int(number) or not 1 <= number <= _MOST:
        problem = f"{shown(cell['analysis'])} is not allowed"
        cure = "give the number, from 1, of the first analysis that includes the participant"
        yield Fault(where, f"row {row}, analysis", problem, cure)


def _check_counts(table: NumberTable, design: MultiArmDesign) -> None:
    """Refuse arms without participants, and analyses that add none."""
    faults = []
    sizes = np.stack([table.columns[f"{name}_participants"] for name in design.names], -1)
    for arm in np.flatnonzero(sizes[0] < 1):
        cure = "wait for participants in every arm, or correct the column analysis"
        problem = f"{design.names[arm]} has no participant at analysis 1"
        faults.append(Fault(table.where, "analysis", problem, cure))
    for k in np.flatnonzero(np.diff(sizes.sum(1)) <= 0):
        problem = f"analysis {k + 2} adds no participant"
        faults.append(Fault(table.where, "analysis", problem, "number the analyses from 1"))
    if faults:
        raise InputError(faults)
