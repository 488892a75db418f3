"""The deviations of one patient while they are being found."""

from collections.abc import Iterable

from protocol.audit.deviations import FIRST, KINDS, Deviation, Kind
from protocol.audit.log.events import Event
from protocol.audit.record import Record, rows_of
from protocol.dates import date_of


class Findings:
    """Deviations of one patient; `sorted_all` returns them as an audit lists them."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.found: list[Deviation] = []

    def note(
        self,
        kind: Kind,
        day: int,
        expected: str,
        observed: str,
        *,
        tolerance: str = "none",
        rule: str,
        events: Iterable[Event] = (),
        rows: tuple[int, ...] = (),
    ) -> None:
        """Add a deviation; ``events`` or ``rows`` are the lines of the log that show it."""
        self.found.append(
            Deviation(
                patient=self.record.patient,
                kind=kind,
                day=day,
                date=date_of(self.record.start + day),
                expected=expected,
                observed=observed,
                tolerance=tolerance,
                rule=rule,
                rows=rows or rows_of(events),
            )
        )

    def sorted_all(self) -> tuple[Deviation, ...]:
        """Return deviations of eligibility and safety first, then all others by day."""
        return tuple(
            sorted(self.found, key=lambda d: (d.kind not in FIRST, d.day, KINDS.index(d.kind)))
        )
