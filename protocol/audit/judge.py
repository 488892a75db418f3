"""What was done against what was due: classes of deviation, tolerance windows, men and cohort.

The calendar stays: day 0 is the start, an injection that was missed is not made up, and later ones
keep their days. Every month is judged from where the man really was, so one wrong decision is one
deviation and not three.
"""

import datetime as dt
from collections.abc import Sequence
from itertools import groupby, pairwise

from protocol.audit.alignment import Pair, align
from protocol.audit.deviations import KINDS, SCHEMA, Audit, Deviation, Kind, PatientAudit
from protocol.audit.log import Event, Log
from protocol.audit.therapy_received import Record, calendar, lived, record_of
from protocol.bedside.schedule import visit_days
from protocol.dates import date_of
from protocol.regimen.load import Regimen
from protocol.regimen.paths import MONTH_DAYS, Injection


def audit(log: Log, regimen: Regimen) -> Audit:
    """Return what the men of a log did that their regimen did not ask for, or did not do."""
    patients = tuple(audit_patient(patient, events, regimen) for patient, events in log.items())
    return Audit(SCHEMA, regimen.id, regimen.version, regimen.sha256, patients)


def audit_patient(patient: str, events: Sequence[Event], regimen: Regimen) -> PatientAudit:
    """Return one man's audit; ``events`` are in order of date."""
    record = record_of(events, regimen)
    if record is None:
        note = "no injection, decision or start is logged; nothing can be judged"
        return PatientAudit(patient, None, (), -1, False, note, ())
    return _Trial(patient, record, regimen).audit()


#: A day after every other.
FOREVER = 10**9


class _Trial:
    """One man on trial: his record, what was due, and the deviations found so far."""

    def __init__(self, patient: str, record: Record, regimen: Regimen) -> None:
        self.patient, self.record, self.regimen = patient, record, regimen
        self.start, self.until = record.start, record.until
        self.tolerance = regimen.tolerances
        self.closing = record.closing
        self.closed_day = record.day(record.closing) if record.closing else None
        self.done = record.of("injection")
        self.found: list[Deviation] = []

    def audit(self) -> PatientAudit:
        course = lived(self.record, self.regimen)
        for wrong in course.against:
            self._note(
                "decision against the rule",
                wrong.due,
                expected=str(wrong.rule.then),
                done=wrong.chosen,
                tolerance="none",
                rule=wrong.rule.id,
                rows=wrong.rows,
            )
        self._injections(course.phases, course.end)
        self._visits(len(course.phases), course.end)
        self._surgery(course.end)
        complete = self.closing is not None
        note = "" if complete else f"the log ends on day {self.until}; it is judged as far"
        return PatientAudit(
            patient=self.patient,
            start=dt.date.fromordinal(self.start),
            phases=course.phases,
            until_day=self.until,
            complete=complete,
            note=note,
            deviations=tuple(sorted(self.found, key=lambda d: (d.day, KINDS.index(d.kind)))),
        )

    def _injections(self, phases: tuple[str, ...], end: int | None) -> None:
        window = int(self.tolerance.injection.value)
        stop = min(day for day in (end, self.closed_day, FOREVER) if day is not None)
        judged = self.until - window if self.closed_day is None else stop
        due = [dose for dose in calendar(self.regimen, phases) if dose.day < stop]
        # The last injection may be late; after surgery nothing may.
        last = stop if stop == self.closed_day else stop + window + 1
        in_time = [event for event in self.done if event.date - self.start < last]
        pairs = align(due, in_time, self.start, window, self.tolerance.dose.value)
        for (delay, wrong), run in groupby(pairs, key=self._slip):
            together = list(run)
            if wrong == ("timing",) and len(together) > 1:
                self._shifted(together, delay)
                continue
            for pair in together:
                stray = pair.due is None and pair.done and self.record.day(pair.done) < stop
                if pair.done and (pair.wrong or stray):
                    self._judge(pair, pair.done)
        missed = [
            pair.due for pair in pairs if pair.due and not pair.done and pair.due.day < judged
        ]
        self._missed(missed, in_time, min(stop, self.until))
        paired = {id(pair.done) for pair in pairs if pair.done and pair.due}
        self._after(
            [e for e in self.done if e.date - self.start >= stop and id(e) not in paired], stop
        )

    def _slip(self, pair: Pair) -> tuple[int, tuple[str, ...]]:
        """Return how many days late a pair is, and what is wrong with it."""
        if pair.due is None or pair.done is None:
            return 0, ()
        return self.record.day(pair.done) - pair.due.day, pair.wrong

    def _shifted(self, pairs: Sequence[Pair], delay: int) -> None:
        """Note injections in a row that are off by the same number of days as one deviation."""
        due = [pair.due.day for pair in pairs if pair.due]
        rows = tuple(pair.done.row for pair in pairs if pair.done)
        way = "late" if delay > 0 else "early"
        self._note(
            "timing",
            due[0],
            expected=f"{len(due)} injections from day {due[0]} to day {due[-1]}",
            done=f"each {abs(delay)} days {way}",
            tolerance=f"{self.tolerance.injection.value:g} d",
            rule="order",
            rows=rows,
        )

    def _after(self, late: Sequence[Event], stop: int) -> None:
        if late:
            self._note(
                "therapy after stop",
                late[0].date - self.start,
                expected=f"nothing from day {stop} on",
                done=f"{len(late)} injection(s)",
                tolerance="none",
                rule="end of therapy",
                rows=tuple(event.row for event in late),
            )

    def _judge(self, pair: Pair, done: Event) -> None:
        day = done.date - self.start
        said = f"{done.drug} {done.dose_iu:g} IU on day {day}"
        if pair.due is None:
            self._note("extra injection", day, "nothing", said, "none", "schedule", (done.row,))
            return
        wanted = f"{pair.due.drug} {pair.due.dose_iu:g} IU on day {pair.due.day}"
        routes = f"{wanted}, {pair.due.route}", f"{said}, {done.route}"
        limits: dict[Kind, str] = {
            "drug": "none",
            "dose": f"{self.tolerance.dose.value:g} %",
            "route": "none",
            "timing": f"{self.tolerance.injection.value:g} d",
        }
        for kind in pair.wrong:
            told = routes if kind == "route" else (wanted, said)
            self._note(kind, pair.due.day, *told, limits[kind], "order", (done.row,))

    def _missed(self, missed: Sequence[Injection], done: Sequence[Event], last: int) -> None:
        """Note missed injections; those inside one long gap together, as a gap."""
        longest = self.tolerance.gap.value
        days = [0, *sorted(event.date - self.start for event in done), last]
        left = list(missed)
        for before, after in pairwise(days):
            inside = [dose for dose in left if before <= dose.day <= after]
            if after - before > longest and len(inside) > 1:
                self._note(
                    "treatment gap",
                    inside[0].day,
                    expected=f"{len(inside)} injections from day {inside[0].day}",
                    done=f"none from day {before} to day {after}",
                    tolerance=f"{longest:g} d",
                    rule="order",
                )
                left = [dose for dose in left if dose not in inside]
        for dose in left:
            wanted = f"{dose.drug} {dose.dose_iu:g} IU on day {dose.day}"
            tolerance = f"{self.tolerance.injection.value:g} d"
            self._note("missed injection", dose.day, wanted, "nothing", tolerance, "order")

    def _visits(self, months: int, end: int | None) -> None:
        window = int(self.tolerance.visit.value)
        for name, visit in self.regimen.visits.items():
            if visit.when == "end of therapy":
                continue
            first = visit.when == "start"
            for due in visit_days(visit, months, end is not None):
                closed = self.closed_day is not None and due <= self.closed_day
                if closed or due + window < self.until:
                    self._visit(name, visit.measure, due, window, first)

    def _visit(self, name: str, measure: Sequence[str], due: int, window: int, first: bool) -> None:
        omitted = []
        for test in measure:
            days = [event.date - self.start for event in self.record.of(test)]
            if any((first or due - window <= day) and day <= due + window for day in days):
                continue
            near = [day for day in days if abs(day - due) < MONTH_DAYS // 2]
            if not near:
                omitted.append(test)
                continue
            day = min(near, key=lambda day: abs(day - due))
            self._note(
                "test timing", due, f"{test} on day {due}", f"on day {day}", f"{window} d", name
            )
        if omitted:
            wanted = f"{', '.join(omitted)} on day {due}"
            self._note("omitted test", due, wanted, "nothing", f"{window} d", name)

    def _surgery(self, end: int | None) -> None:
        """Judge what closed therapy: its time, the semen check before it, and the decision."""
        if self.closing is None or self.closing.name == "withdrawn":
            return
        day, row = self.closing.date - self.start, (self.closing.row,)
        window = int(self.tolerance.visit.value)
        operated = self.closing.name == "micro-tese"
        planned = end if end is not None else MONTH_DAYS * self.regimen.months
        if operated and day < planned - window:
            wanted = f"not before day {planned}"
            self._note(
                "early surgery", day, wanted, f"on day {day}", f"{window} d", "end of therapy", row
            )
        checks = [v for v in self.regimen.visits.values() if "semen" in v.measure]
        semen = self.record.of("semen")
        before = [event for event in semen if event.date <= self.closing.date]
        if checks and operated:
            self._semen_check(semen, before, day, min(planned, day), window)
        if not before:
            return
        table = self.regimen.tables["end-of-therapy"]
        rule = table.rules[table.proved.rule_at({"semen": before[-1].value})]
        chosen = "micro-tese" if operated else f"icsi-{self.closing.value or 'ejaculated'}"
        if rule.then is not None and chosen != rule.then and chosen != "icsi-testicular":
            self._note("decision against the rule", day, rule.then, chosen, "none", rule.id, row)

    def _semen_check(
        self, semen: Sequence[Event], before: Sequence[Event], day: int, due: int, window: int
    ) -> None:
        days = [event.date - self.start for event in before]
        if any(due - window <= checked for checked in days):
            return
        wanted = f"semen analysis from day {due - window} and before surgery on day {day}"
        limit = f"{window} d"
        if len(semen) > len(before):
            after = semen[len(before)]
            self._note(
                "surgery before the semen check",
                day,
                wanted,
                f"on day {after.date - self.start}",
                limit,
                "semen",
                (after.row,),
            )
        elif days:
            self._note(
                "test timing", due, wanted, f"on day {days[-1]}", limit, "semen", (before[-1].row,)
            )
        else:
            self._note("missing semen check", day, wanted, "nothing", limit, "semen")

    def _note(
        self,
        kind: Kind,
        day: int,
        expected: str,
        done: str,
        tolerance: str,
        rule: str,
        rows: tuple[int, ...] = (),
    ) -> None:
        date = date_of(self.start + day)
        self.found.append(
            Deviation(self.patient, kind, day, date, expected, done, tolerance, rule, rows)
        )
