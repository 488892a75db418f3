"""One event of a clinic's log, and the log of many patients."""

from dataclasses import dataclass

from protocol.regimen.conditions import Value

#: Events that end a patient's log.
CLOSING = ("micro-tese", "icsi", "withdrawn")
#: Events that are neither a measurement nor a finding of the regimen.
PLAIN_EVENTS = ("start", "injection", "decision", *CLOSING)
#: Events by which the course of therapy is known.
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
        A measured number in the unit of the input, a name, or None: not given, or not usable.
    row
        The line of the file, from 1; 0 if it comes from no file.
    route
        Of an injection; "" if not known.
    time
        The time of day as the log has it; "" if not known.
    """

    date: int
    name: str
    drug: str = ""
    dose_iu: float = 0.0
    value: Value = None
    row: int = 0
    route: str = ""
    time: str = ""


#: The events of each patient, in order of date.
Log = dict[str, list[Event]]
