"""Results over time: every result has the day of its sample and the day it became known.

FHIR calls the two *effective* and *issued*. A decision is based on the results known on its day, so
that a later result never changes an earlier decision. Days are proleptic ordinals
(`datetime.date.toordinal`), which logs and calendars share.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from protocol.dates import MONTH_DAYS
from protocol.regimen.conditions import Value
from protocol.regimen.parts import Input

#: Qualifier of a result: equal to its number, or beyond a limit of detection.
Qualifier = Literal["", "<", ">"]


@dataclass(frozen=True, slots=True)
class Observation:
    """One result of one input, in the input's unit.

    ``measured`` is the day of the sample, ``known`` the first day on which a decision may use it.
    With ``qualifier`` ``<`` the true value lies below ``value``, with ``>`` above it.
    """

    input: str
    value: Value
    measured: int
    known: int
    qualifier: Qualifier = ""
    source: str | None = None
    note: str = ""
    row: int = 0
    assay: str | None = None

    @property
    def date(self) -> dt.date:
        """The date of the sample."""
        return dt.date.fromordinal(self.measured)


@dataclass(frozen=True, slots=True)
class Window:
    """The days of samples that count for a decision; both ends belong."""

    first: int
    last: int


class Timeline:
    """All results of one patient, by input, in order of the sample's day."""

    __slots__ = ("_by_input",)

    def __init__(self, observations: Iterable[Observation]) -> None:
        by_input: dict[str, list[Observation]] = {}
        for item in observations:
            by_input.setdefault(item.input, []).append(item)
        self._by_input: Mapping[str, Sequence[Observation]] = {
            name: sorted(items, key=lambda item: (item.measured, item.known))
            for name, items in by_input.items()
        }

    def of(self, name: str) -> Sequence[Observation]:
        """Return every result of an input."""
        return self._by_input.get(name, ())

    def all(self) -> list[Observation]:
        """Return every result, in order of day."""
        every = [item for items in self._by_input.values() for item in items]
        return sorted(every, key=lambda item: (item.measured, item.known, item.input))

    def known_values(self, name: str, window: Window, as_of: int) -> tuple[Observation, ...]:
        """Return the results of the latest day in ``window`` that were known on ``as_of``.

        Several are returned if that day has several; none if there is none.

        Examples
        --------
        >>> tubes = Timeline([Observation("fsh_iu_l", x, 30, 30) for x in (12.4, 10.9)])
        >>> [item.value for item in tubes.known_values("fsh_iu_l", Window(20, 30), 30)]
        [12.4, 10.9]
        >>> tubes.known_values("fsh_iu_l", Window(20, 30), 29)
        ()
        """
        known = [
            item
            for item in self.of(name)
            if window.first <= item.measured <= window.last and item.known <= as_of
        ]
        return tuple(item for item in known if item.measured == known[-1].measured)

    def first_from(self, name: str, day: int, as_of: int) -> Observation | None:
        """Return the last result up to ``day``, known on ``as_of``: the value before therapy."""
        before = [item for item in self.of(name) if item.measured <= day and item.known <= as_of]
        return before[-1] if before else None


def window_of(spec: Input, due: int, as_of: int) -> Window:
    """Return the window of samples for a decision due on ``due`` and taken on ``as_of``.

    A sample is at most ``max_age_days`` older than ``due``. While the decision waits it may be
    later than ``due``, until samples would count for the decision of the following month.
    """
    age = spec.max_age_days
    first = 1 if age is None else due - age
    return Window(first, max(due, min(as_of, last_late_day(spec, due))))


def last_late_day(spec: Input, due: int) -> int:
    """Return the last day on which a sample still counts for a decision that was due on ``due``."""
    return due + max(0, MONTH_DAYS - 1 - (spec.max_age_days or 0))
