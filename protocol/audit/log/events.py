"""One event of a clinic's log, and the log of many patients."""

from dataclasses import dataclass
from typing import Literal

from protocol.regimen.conditions import Value

#: Events that end a patient's log.
CLOSING = ("micro-tese", "icsi", "withdrawn")
#: Events that are neither a measurement nor a finding of the regimen.
PLAIN_EVENTS = ("start", "injection", "decision", *CLOSING)
#: Events that define the course of therapy.
THERAPY_EVENTS = frozenset(PLAIN_EVENTS)


@dataclass(frozen=True, slots=True)
class Event:
    """One row of a log.

    Attributes
    ----------
    date
        A day number (proleptic ordinal).
    name
        The event; of a measurement or finding, the regimen's input.
    value
        A measured number in the unit of the input, a name, or None (not given or not usable).
    row
        The line of the file, from 1; 0 if there is no file.
    route
        Route of an injection; "" if not known.
    time
        The time of day as written in the log; "" if not known.
    known
        The day on which a result became known (proleptic ordinal); 0 means the day of the sample.
    unit
        Unit of a dose: IU or mg.
    qualifier
        ``<`` or ``>``: the true result lies beyond ``value``, a limit of detection.
    """

    date: int
    name: str
    drug: str = ""
    dose: float = 0.0
    value: Value = None
    row: int = 0
    route: str = ""
    time: str = ""
    known: int = 0
    qualifier: Literal["", "<", ">"] = ""
    unit: str = "IU"


#: The events of each patient, in order of date.
Log = dict[str, list[Event]]


@dataclass(frozen=True, slots=True)
class Unused:
    """Rows of a log that are not used, and why; ``rows`` are the first of ``count`` lines."""

    what: str
    reason: str
    rows: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True)
class LogReading:
    """A log as it was read, with the assumptions about its file and the rows that are not used.

    ``visit_months``: months of therapy are known to count from visits.
    """

    log: Log
    assumptions: tuple[str, ...]
    unused: tuple[Unused, ...]
    visit_months: bool = False
