"""Convert rows of a log to events; rows that are unknown to the regimen or unusable are listed."""

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from protocol.audit.log.cells import Amounts, beyond_detection, is_international_units, unit_of
from protocol.audit.log.events import PLAIN_EVENTS, Event, Unused
from protocol.audit.log.mapping import COLUMNS, LogMapping, folded, log_words
from protocol.bedside.known.plausible import value_problem
from protocol.bedside.known.results import Reported, observations_of
from protocol.errors import InputError
from protocol.reading.day_formats import DayColumn
from protocol.reading.missing_words import is_missing
from protocol.reading.numbers import shown
from protocol.regimen.conditions import Value
from protocol.regimen.parts import analyte_of
from protocol.regimen.rules import Regimen

#: Routes of injection by the words for them (capitals and dots do not matter).
ROUTES = {
    "im": "im", "intramuscular": "im", "sc": "sc", "subcutaneous": "sc", "po": "po", "oral": "po",
    "peroral": "po",
}  # fmt: skip
#: Number of lines listed for rows that are not used.
MAX_ROWS = 20


@dataclass(frozen=True, slots=True)
class _NotUsed:
    """A row that is not an event of the regimen, or a result that it cannot use."""

    what: str
    reason: str


#: The events of a row, and the parts of it that are not used.
_Read = tuple[tuple[Event, ...], _NotUsed | None]


class RowReader:
    """Convert rows to events, caching the vocabulary of the regimen."""

    def __init__(
        self, regimen: Regimen, where: str, mapping: LogMapping, *, free: bool = False
    ) -> None:
        self.regimen = regimen
        self.where = where
        self.mapping = mapping
        self.days = DayColumn(mapping.dates)
        self.amounts = Amounts(free, mapping.decimal)
        self.phases = [phase.name for phase in regimen.phases]
        self.analytes = regimen.analytes
        self.findings = [
            name
            for name, spec in regimen.inputs.items()
            if spec.role == "measured"
            and spec.computed is None
            and name != "micro_tese"
            and analyte_of(name, spec) is None
        ]
        self.events = {folded(name): name for name in self._names()}
        self.words: dict[str, str] = {}
        self.not_used: dict[tuple[str, str], list[int]] = {}
        self.counts: dict[tuple[str, str], int] = {}
        #: Rows differ mostly in patient and day: the remaining cells are read once and cached.
        self.read: dict[tuple[str, ...], _Read] = {}

    def _names(self) -> list[str]:
        return [*PLAIN_EVENTS, *self.analytes, *self.findings]

    def event(self, cells: tuple[str, ...], number: int) -> tuple[str, list[Event]] | None:
        """Return the patient and the events of a row; None if it is not used.

        ``cells`` are in the order of `COLUMNS`.
        """
        patient, date, key, known = cells[0], cells[1], cells[2:-1], cells[-1]
        if not date and not key[0]:
            self._skip(_NotUsed(f"{patient or 'a row'} without date and event", "no event"), number)
            return None
        if not patient:
            raise self._error(
                f"row {number}", "patient", "", "is empty", "name the patient in every row"
            )
        day, time = self.days.known.get(date) or self._day(date, number)
        found = self.read.get(key)
        if found is None:
            row = dict(zip(COLUMNS[2:-1], key, strict=True))
            found = self.read[key] = self._event(row, f"row {number}")
        read, skipped = found
        if skipped is not None:
            self._skip(skipped, number)
        if not read:
            return None
        arrived = self._day(known, number)[0] if known else 0
        if self.mapping.values:
            patient = self._mapped("patient", patient)
        return patient, [
            Event(
                day, each.name, each.drug, each.dose, each.value, number, each.route, time,
                arrived, each.qualifier, each.unit,
            )
            for each in read
        ]  # fmt: skip

    def unused(self) -> tuple[Unused, ...]:
        """Return the rows that are not used, by kind, with the reason."""
        return tuple(
            Unused(what, reason, tuple(rows), self.counts[what, reason])
            for (what, reason), rows in self.not_used.items()
        )

    def assumptions(self) -> Iterator[str]:
        """Yield the assumptions about cells, in words a person can check."""
        for stated in self.days.assumed.values():
            yield f"date: {stated}"
        for stated in self.amounts.assumed.values():
            yield stated if stated.startswith("decimal") else f"amount: {stated}"
        yield from self.words.values()

    def _day(self, text: str, number: int) -> tuple[int, str]:
        try:
            return self.days.read(text, number)
        except ValueError as error:
            raise self._error(f"row {number}", "date", text, "is not a date", str(error)) from None

    def _skip(self, skipped: _NotUsed, number: int) -> None:
        key = skipped.what, skipped.reason
        rows = self.not_used.setdefault(key, [])
        self.counts[key] = self.counts.get(key, 0) + 1
        if len(rows) < MAX_ROWS:
            rows.append(number)

    def _event(self, row: Mapping[str, str], place: str) -> _Read:
        """Read a row without its patient and date: the event, and the parts that are not used."""
        name, value = self._event_name(row["event"]), self._mapped("value", row["value"])
        if name is None:
            return (), self._unknown_event(row["event"])
        if name == "injection":
            return self._injection(row, place)
        if name in self.analytes:
            return self._measurement(name, row, place)
        if name in self.findings:
            return self._finding(name, row, value, place)
        if name == "decision":
            phase = next((p for p in self.phases if folded(p) == folded(value)), None)
            if phase is None:
                cure = f"give one of: {', '.join(self.phases)}"
                raise self._error(place, "value", value, "is not a phase of the regimen", cure)
            return (Event(0, name, value=phase),), None
        if name == "micro-tese" and value and "micro_tese" in self.regimen.inputs:
            found = self._named("micro_tese", value)
            return (Event(0, name, value=found),), None if found else _odd_result(name, value)
        word = self._word("value", value, ("ejaculated", "testicular"))
        return (Event(0, name, value=word),), None

    def _event_name(self, text: str) -> str | None:
        """Return the event that a cell names; None if it is unknown."""
        text = self._mapped("event", text)
        known = self.events.get(folded(text))
        if known is None and (known := log_words().events.get(folded(text))):
            self.words.setdefault(f"event {text}", f"event: {shown(text)} is read as {known}")
        return known if known in self.events.values() else None

    def _unknown_event(self, text: str) -> _NotUsed:
        if not text:
            return _NotUsed("rows without event", "no event is named")
        near = difflib.get_close_matches(folded(text), list(self.events), n=1, cutoff=0.75)
        hint = f"; did you mean {self.events[near[0]]}?" if near else ""
        return _NotUsed(f"event {shown(text)}", f"no event of {self.regimen.id}{hint}")

    def _injection(self, row: Mapping[str, str], place: str) -> _Read:
        drug = self._drug(row["drug"])
        if not drug:
            raise self._error(place, "drug", "", "is empty", "name the drug that was given")
        unit = self._mapped("unit", row["unit"])
        amount = self._number(row["amount"], place)
        if amount <= 0:
            raise self._error(place, "amount", f"{amount:g}", "is not a dose", "give IU above 0")
        wanted = self.regimen.drugs[drug].unit if drug in self.regimen.drugs else "IU"
        if is_international_units(unit) and folded(unit).strip("[]") != "iu":
            self.words.setdefault(f"unit {unit}", f"unit: {shown(unit)} is read as IU")
        if folded(unit) == "mg" if wanted == "mg" else is_international_units(unit):
            route = self._route(row["route"], place)
            return (Event(0, "injection", drug, amount, route=route, unit=wanted),), None
        if unit and drug not in self.regimen.drugs:
            what = f"{drug} in {unit}"
            return (), _NotUsed(what, f"no drug of {self.regimen.id}, and no dose in IU")
        cure = f"give doses in {wanted}"
        raise self._error(place, "unit", unit, "is not a unit of a dose here", cure)

    def _drug(self, text: str) -> str:
        """Return the drug as the regimen names it, or by its substance, or as written."""
        text = self._mapped("drug", text)
        for name in self.regimen.drugs:
            if folded(text) == folded(name):
                return name
        substance = log_words().drugs.get(folded(text))
        if substance is None:
            return text.lower()
        if folded(text) != folded(substance):
            self.words.setdefault(f"drug {text}", f"drug: {shown(text)} is read as {substance}")
        return substance

    def _route(self, text: str, place: str) -> str:
        word = folded(self._mapped("route", text))
        if word and word not in ROUTES:
            cure = f"give one of: {', '.join(ROUTES)}; or leave it empty"
            raise self._error(place, "route", text, "is not a route that is known", cure)
        return ROUTES.get(word, "")

    def _measurement(self, name: str, row: Mapping[str, str], place: str) -> _Read:
        """Read a result: an event of every input that it feeds.

        One in a unit that cannot be used still shows that it was measured.
        """
        inputs = self.regimen.inputs_of(name)
        qualifier, text = beyond_detection(row["amount"])
        if not inputs:
            return (), _NotUsed(f"event {shown(row['event'])}", f"no event of {self.regimen.id}")
        if is_missing(text):
            return (), _NotUsed(f"{name} without result", "the amount is empty")
        amount = self._number(text, place)
        unit = self._mapped("unit", row["unit"])
        if not unit:
            cure = f"give one, for example {self.regimen.analytes[name].unit}"
            raise self._error(place, "unit", "", "is empty", cure)
        value = f"{qualifier}{amount!r}" if qualifier else amount
        result = Reported(name, value, unit_of(unit), 1, 1, self.where, place)
        try:
            found = observations_of(result, self.regimen)
        except InputError as error:
            fault = error.faults[0]
            if fault.field.endswith(".value"):
                raise InputError.of(
                    self.where, f"{place}: amount", fault.problem, fault.cure
                ) from None
            reason = fault.problem if "known unit" in fault.problem else fault.cure
            used = tuple(Event(0, each) for each in inputs)
            return used, _NotUsed(f"{name} in {shown(unit)}", f"value not used: {reason}")
        return tuple(
            Event(0, each.input, value=each.value, qualifier=each.qualifier) for each in found
        ), None

    def _finding(self, name: str, row: Mapping[str, str], value: str, place: str) -> _Read:
        spec = self.regimen.inputs[name]
        if spec.kind == "enum":
            found = self._named(name, value)
            return (Event(0, name, value=found),), None if found else _odd_result(name, value)
        amount = self._number(row["amount"] or value, place)
        if problem := value_problem(spec, amount):
            raise InputError.of(self.where, f"{place}: amount", *problem)
        return (Event(0, name, value=amount),), None

    def _named(self, name: str, value: str) -> Value:
        """Return the regimen's name of a result; None if the regimen does not use it."""
        allowed = self.regimen.inputs[name].values
        word = self._word("value", value, allowed)
        return word if word in allowed else None

    def _word(self, column: str, text: str, allowed: Sequence[str]) -> str | None:
        """Return the allowed word for a text, or the text itself; None if it is empty."""
        known = next((word for word in allowed if folded(word) == folded(text)), None)
        if known is None and (meant := log_words().values.get(folded(text))) in allowed:
            self.words.setdefault(f"{column} {text}", f"{column}: {shown(text)} is read as {meant}")
            known = meant
        return known or text or None

    def _mapped(self, column: str, text: str) -> str:
        """Return the word that the mapping file gives for a cell."""
        return self.mapping.values.get(column, {}).get(text, text)

    def _number(self, text: str, place: str) -> float:
        text = self._mapped("amount", text)
        value = self.amounts.number(text, place)
        if value is None or not math.isfinite(value):
            raise self._error(place, "amount", text, "is not a number", self.amounts.cure(text))
        return value

    def _error(self, place: str, field: str, value: str, problem: str, cure: str) -> InputError:
        return InputError.of(self.where, f"{place}: {field}", f"{shown(value)} {problem}", cure)


def _odd_result(name: str, value: str) -> _NotUsed:
    return _NotUsed(f"{name} {shown(value)}", "no result that the regimen knows; value not used")
