"""Decisions of an arm's regimen for one patient at a time, as `bedside.decide` makes them."""

from math import isnan

from protocol.errors import InputError
from protocol.regimen.conditions import Value
from protocol.regimen.grid import DecisionGrid
from protocol.regimen.paths import BEFORE_THERAPY
from protocol.regimen.rules import DecisionTable, Regimen
from simulate.clinic.courses.batches import Batch
from simulate.clinic.courses.potential_course import Phases, Way

#: Actions that the clinic can carry out.
ICSI_EJACULATED, SURGERY = "icsi-ejaculated", "micro-tese"
ICSI_TESTICULAR, KEEP = "icsi-testicular", "cryopreserve"


#: Code, as a byte, of a phase that a regimen does not have.
NO_PHASE = 255


class Rules:
    """The phase, end-of-therapy and sperm-use tables of one arm.

    Every method returns the position of the rule that fired, and its answer. ``stopped`` is the
    phase code of a patient who has discontinued therapy.
    """

    __slots__ = ("_end", "_phase", "_use", "codes", "regimen", "stopped", "way")

    def __init__(self, way: Way) -> None:
        self.way = way
        self.regimen = way.regimen
        tables = way.regimen.tables
        self._phase = tables["phase"]
        self._end = tables["end-of-therapy"]
        self._use = tables.get("sperm-use")
        without = [phase.code for phase in self.regimen.phases if not phase.orders]
        self.stopped = without[0] if without else NO_PHASE
        self.codes = {phase.name: phase.code for phase in self.regimen.phases}

    def phase(self, batch: Batch, phases: Phases) -> tuple[int, str]:
        """Decide the month after ``phases`` from the results known at the end of the last month."""
        inputs = self.way.inputs
        first = self.way.beginnings[phases] * len(inputs)
        known = batch.known(first, len(inputs))
        values: dict[str, Value] = {
            "month": float(len(phases) + 1),
            "previous_phase": phases[-1] if phases else BEFORE_THERAPY,
        }
        for name, value in zip(inputs, known, strict=True):
            values[name] = None if isnan(value) else value
        return _asked(self._phase, self._phase.proved, values, self.regimen)

    def end_of_therapy(self, semen: str) -> tuple[int, str]:
        """Decide between surgery and ICSI from the semen analysis."""
        return _asked(self._end, self._end.proved, {"semen": semen}, self.regimen)

    def sperm_use(self, couple_ready: bool) -> str:
        """Decide on the use of sperm retrieved at surgery."""
        if self._use is None:
            return ICSI_TESTICULAR if couple_ready else KEEP
        ready = "yes" if couple_ready else "no"
        values: dict[str, Value] = {"micro_tese": "sperm", "couple_ready": ready}
        return _asked(self._use, self._use.proved, values, self.regimen)[1]

    def rule_ids(self) -> tuple[str, ...]:
        """Return the ids of the phase table's rules, by position."""
        return tuple(rule.id for rule in self._phase.rules)

    def end_rule_ids(self) -> tuple[str, ...]:
        """Return the ids of the end-of-therapy table's rules, by position."""
        return tuple(rule.id for rule in self._end.rules)


def _asked(
    table: DecisionTable, grid: DecisionGrid, values: dict[str, Value], regimen: Regimen
) -> tuple[int, str]:
    place = grid.rule_at(values)
    rule = table.rules[place]
    if rule.then is None:
        raise InputError.of(
            regimen.id,
            f"tables.{table.name}.{rule.id}",
            "it leaves a simulated patient without a decision",
            "simulate a regimen that answers whenever what it asks for is known",
        )
    return place, rule.then
