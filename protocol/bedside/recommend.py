"""The recommendation for one patient on a given date: eligibility, phase, end of therapy, flags.

A recommendation depends only on the results known on its date: later measurements or reports never
change it.
"""

import datetime as dt
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from protocol.bedside.cautions import NotUsed, Situation, cautions_of, not_used
from protocol.bedside.decide import decide
from protocol.bedside.decision import Decision
from protocol.bedside.decision_in_time import as_recorded, decision_of
from protocol.bedside.entry import (
    CriterionResult,
    Flags,
    check_entry,
    raise_flags_of_any,
    together,
)
from protocol.bedside.known.timed_rule import Moment, TimedRule, extremes_of, results_for, rule_on
from protocol.bedside.known.timeline import Observation, Window
from protocol.bedside.next_steps import NextStep, next_steps
from protocol.bedside.patient import PatientRecord
from protocol.dates import MONTH_DAYS
from protocol.regimen.conditions import Value
from protocol.regimen.rules import Regimen, facts_asked

SCHEMA = "pretese/decision/2"
DISCLAIMER = "Research software; not a medical device and no recommendation for a real patient."

#: The outcome of a recommendation: that of a rule, or *hold* if a flag prohibits treatment.
Outcome = Literal[
    "recommendation", "no action required", "insufficient data", "out of scope", "hold"
]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The chain of decisions; the last one applies on ``as_of``.

    ``month`` is the month of therapy that contains ``as_of``, from 1, and ``decision_date`` the
    date on which its phase was due to be decided; ``decided_on`` is the date on which the results
    sufficed, None if they do not yet. ``held`` is the recommendation that a blocking flag replaces.
    """

    schema: str
    patient: str
    as_of: dt.date
    month: int
    decision_date: dt.date
    decided_on: dt.date | None
    outcome: Outcome
    recommendation: str
    held: str | None
    cautions: tuple[str, ...]
    next_steps: tuple[NextStep, ...]
    decisions: tuple[Decision, ...]
    criteria: tuple[CriterionResult, ...]
    flags: Flags
    not_used: tuple[NotUsed, ...]
    disclaimer: str = DISCLAIMER


def recommend(
    record: PatientRecord, regimen: Regimen, on: dt.date, where: str = "patient"
) -> Recommendation:
    """Return the recommendation for a patient on the date ``on``.

    Eligibility is judged first; then the phase of the month; after the end of therapy, the decision
    by semen analysis; after surgery, the use of the sperm retrieved. The first decision that is not
    a recommendation ends the chain. A blocking flag turns the outcome into *hold*.
    """
    return _Chain(record, regimen, on, where).recommendation()


class _Chain:
    """The successive decisions for one patient on one date."""

    def __init__(self, record: PatientRecord, regimen: Regimen, on: dt.date, where: str) -> None:
        self.record, self.regimen, self.on, self.where = record, regimen, on, where
        self.today = on.toordinal()
        self.month = record.month_on(on)
        self.due = record.date_on(MONTH_DAYS * (self.month - 1), on)
        self.timed: TimedRule | None = None
        self.used: list[Observation] = []
        self.used_by_flags: list[Observation] = []
        self.decisions: list[Decision] = []

    def recommendation(self) -> Recommendation:
        criteria = check_entry(self.regimen, self._facts())
        self._judge_entry(criteria)
        if not self.decisions or self.decisions[-1].outcome == "recommendation":
            self._course()
        flags = self._flags()
        last = self.decisions[-1]
        held = flags.blocking
        assessed = any(result.verdict != "unknown" for result in criteria)
        decided = self.timed.decided if self.timed else None
        now = Situation(
            record=self.record,
            regimen=self.regimen,
            on=self.on,
            month=self.month,
            due=self.due,
            timed=self.timed,
            decisions=self.decisions,
            criteria=criteria,
            used=self.used,
            used_by_flags=self.used_by_flags,
        )
        return Recommendation(
            schema=SCHEMA,
            patient=self.record.patient,
            as_of=self.on,
            month=self.month,
            decision_date=self.due,
            decided_on=None if decided is None else dt.date.fromordinal(decided),
            outcome="hold" if held else last.outcome,
            recommendation=" ".join(flag.text for flag in held) or last.recommendation,
            held=last.recommendation if held else None,
            cautions=tuple(cautions_of(now)),
            next_steps=() if held else next_steps(self.record, self.regimen, self.on, last),
            decisions=tuple(self.decisions),
            criteria=criteria if assessed or self.record.started is None else (),
            flags=flags,
            not_used=tuple(not_used(now)),
        )

    def _facts(self) -> dict[str, Value]:
        """Return the facts for entry criteria: those of the file, and results of measurements."""
        facts = dict(self.record.entry)
        for name in facts_asked(self.regimen):
            known = self.record.timeline.known_values(name, Window(1, self.today), self.today)
            self.used += known
            if known and facts.get(name) is None:
                facts[name] = known[-1].value
        return facts

    def _judge_entry(self, criteria: tuple[CriterionResult, ...]) -> None:
        """Decide eligibility before therapy; once it has begun, only a failure counts."""
        verdict = together(criteria)
        if self.record.started is not None and verdict != "some failed":
            return
        decision = decide(self.regimen, "eligibility", {"criteria": verdict}, where=self.where)
        if decision.outcome == "insufficient data":
            unknown = [n for r in criteria if r.verdict == "unknown" for n in r.missing_inputs]
            decision = replace(decision, missing_inputs=tuple(dict.fromkeys(unknown)))
        failed = [each for each in criteria if each.verdict == "failed"]
        if failed and decision.action is None:
            stated = " ".join(f"Not met: {each.label}. {each.found}." for each in failed)
            stated = f"{decision.recommendation} {stated}"
            decision = replace(decision, recommendation=stated)
        self.decisions.append(decision)

    def _course(self) -> None:
        self.timed = self._timed("phase", self.due.toordinal(), self._state())
        decision = self._decided("phase", self.timed)
        recorded = self.record.phase_of(self.month)
        if recorded is not None:
            decision = as_recorded(decision, self.regimen, recorded, self.month)
        self.decisions.append(decision)
        action = self.decisions[-1].action
        if action is None or not self.regimen.phase(action).ends_therapy:
            return
        surgery = self.record.timeline.known_values("micro_tese", Window(1, self.today), self.today)
        day = surgery[-1].measured if surgery else self.today
        self._decide("end-of-therapy", day, {})
        if "sperm-use" in self.regimen.tables and surgery:
            self._decide("sperm-use", self.today, {"couple_ready": self.record.couple_ready})

    def _decide(self, table: str, day: int, state: Mapping[str, Value]) -> None:
        self.decisions.append(self._decided(table, self._timed(table, day, state)))

    def _state(self) -> dict[str, Value]:
        """Return the state of the patient's therapy."""
        longest = (self.regimen.inputs["month"].plausible or (1, self.month))[1]
        before: Value = self.record.phase_of(self.month - 1)
        if self.month == 1:
            before = self._initial_phase()
        return {"month": min(float(self.month), longest), "previous_phase": before}

    def _initial_phase(self) -> str:
        """Return ``none``, or after an earlier course the phase that ended it."""
        if not self.record.earlier_courses:
            return "none"
        return next(phase.name for phase in self.regimen.phases if phase.ends_therapy)

    def _timed(self, table: str, due: int, state: Mapping[str, Value]) -> TimedRule:
        inputs = self.regimen.tables[table].inputs
        start = self.record.start
        timed = rule_on(
            self.regimen,
            self.regimen.tables[table],
            self.record.timeline,
            {name: value for name, value in state.items() if name in inputs},
            due=due,
            as_of=max(due, self.today) if table == "phase" else due,
            start=start,
            end=self._end_of_therapy(),
        )
        self.used += [item for found in timed.results.values() for item in found]
        return timed

    def _end_of_therapy(self) -> int:
        """Return the first day on which a sample counts as taken at the end of therapy."""
        ending = {phase.name for phase in self.regimen.phases if phase.ends_therapy}
        stopped = (n for n, phase in enumerate(self.record.phases) if phase in ending)
        months = next(stopped, self.regimen.months)
        end = self.record.date_on(MONTH_DAYS * months, self.on).toordinal()
        return end - int(self.regimen.tolerances.visit.value) if self.record.started else 1

    def _decided(self, table: str, timed: TimedRule) -> Decision:
        return decision_of(self.regimen, table, timed, self.record.timeline, self.today, self.where)

    def _flags(self) -> Flags:
        """Return the flags raised by any result of the latest day."""
        if "flags" not in self.regimen.tables:
            return Flags((), ())
        moment = Moment(self.today, self.today, self.record.start)
        possible: dict[str, list[Value]] = {"month": [float(self.month)]}
        for name in self.regimen.tables["flags"].inputs:
            if self.regimen.inputs[name].role == "measured":
                spec = self.regimen.inputs[name]
                found = results_for(self.regimen, name, self.record.timeline, moment)
                self.used_by_flags += found
                values = [value for item in found for value in extremes_of(spec, item)]
                possible[name] = values or [None]
        combinations = itertools.islice(itertools.product(*possible.values()), 64)
        return raise_flags_of_any(
            self.regimen, [dict(zip(possible, values, strict=True)) for values in combinations]
        )
