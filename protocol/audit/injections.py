"""Compare the injections given with those ordered for each month."""

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

from protocol.audit.alignment import FOREVER, Pair, align_days
from protocol.audit.deviations import Adherence, Kind, adherence_of
from protocol.audit.findings import Findings
from protocol.audit.log.events import Event
from protocol.audit.record import Record
from protocol.audit.therapy_received import Course, calendar_of
from protocol.regimen.paths import Injection
from protocol.regimen.rules import Regimen


def judge_injections(
    findings: Findings, course: Course, regimen: Regimen
) -> tuple[tuple[Adherence, ...], tuple[Injection, ...]]:
    """Record differences from the orders; return the adherence to each drug and the missed doses.

    A dose is missed only after the tolerance of its day, and doses due after the end of the log are
    not paired with doses given.
    """
    record = findings.record
    window = int(regimen.tolerances.injection.value)
    closed = record.day(record.closing) if record.closing else None
    stop = min(day for day in (course.end, closed, FOREVER) if day is not None)
    judged = record.until - window if closed is None else stop
    open_from = stop if closed is not None else record.until + 1
    reached = stop if closed is not None else min(stop, open_from + window)
    due = [
        dose
        for dose in calendar_of(
            regimen, course.phases, record.month_starts, record.weekday, record.by_visits
        )
        if dose.day < reached
    ]
    # The last injection may be late, but not after surgery.
    last = stop if stop == closed else stop + window + 1
    every = record.of("injection")
    in_time = [event for event in every if record.day(event) < last]
    dose_percent = regimen.tolerances.dose.value
    pairs = align_days(due, in_time, record.start, window, dose_percent, open_from)
    _judge_pairs(findings, pairs, regimen, stop)
    missed = [pair.due for pair in pairs if pair.due and not pair.given and pair.due.day < judged]
    _judge_missed(findings, missed, in_time, min(stop, record.until), regimen)
    paired = {id(pair.given) for pair in pairs if pair.given and pair.due}
    _judge_late(findings, [e for e in every if record.day(e) >= stop and id(e) not in paired], stop)
    for event in record.second_injections:
        text = f"a second dose on one day: {_given(record, event)}"
        day = record.day(event)
        findings.note("extra dose", day, "nothing", text, rule="schedule", events=[event])
    counted = [pair.due for pair in pairs if pair.due and (pair.given or pair.due.day < judged)]
    adherence = _adherence(regimen, counted, [*every, *record.second_injections])
    return adherence, tuple(missed)


def _judge_pairs(findings: Findings, pairs: Sequence[Pair], regimen: Regimen, stop: int) -> None:
    record = findings.record
    for (delay, wrong), run in groupby(pairs, key=lambda pair: _slip(record, pair)):
        together = list(run)
        if wrong == ("timing",) and len(together) > 1:
            _judge_shift(findings, together, delay, regimen)
            continue
        for pair in together:
            stray = pair.due is None and pair.given and record.day(pair.given) < stop
            if pair.given and (pair.wrong or stray):
                _judge_pair(findings, pair, pair.given, regimen)


def _slip(record: Record, pair: Pair) -> tuple[int, tuple[str, ...]]:
    """Return the delay of a pair in days, and its other differences."""
    if pair.due is None or pair.given is None:
        return 0, ()
    return record.day(pair.given) - pair.due.day, pair.wrong


def _judge_shift(findings: Findings, pairs: Sequence[Pair], delay: int, regimen: Regimen) -> None:
    """Record consecutive injections shifted by the same number of days as one deviation."""
    due = [pair.due.day for pair in pairs if pair.due]
    way = "late" if delay > 0 else "early"
    findings.note(
        "timing",
        due[0],
        f"{len(due)} doses from day {due[0]} to day {due[-1]}",
        f"each {_days(abs(delay))} {way}",
        tolerance=f"{regimen.tolerances.injection.value:g} d",
        rule="order",
        events=[pair.given for pair in pairs if pair.given],
    )


def _judge_pair(findings: Findings, pair: Pair, given: Event, regimen: Regimen) -> None:
    record, day = findings.record, findings.record.day(given)
    text = _given(record, given)
    if pair.due is None:
        findings.note("extra dose", day, "nothing", text, rule="schedule", events=[given])
        return
    wanted = _ordered(pair.due)
    limits: dict[Kind, str] = {
        "dose": f"{regimen.tolerances.dose.value:g} %",
        "timing": f"{regimen.tolerances.injection.value:g} d",
    }
    for kind in pair.wrong:
        route = kind == "route"
        findings.note(
            kind,
            pair.due.day,
            f"{wanted}, {pair.due.route}" if route else wanted,
            f"{text}, {given.route}" if route else text,
            tolerance=limits.get(kind, "none"),
            rule="order",
            events=[given],
        )


def _judge_missed(
    findings: Findings,
    missed: Sequence[Injection],
    given: Sequence[Event],
    last: int,
    regimen: Regimen,
) -> None:
    """Record missed doses; those inside one long gap as one treatment gap."""
    longest = regimen.tolerances.gap.value
    days = [0, *sorted(findings.record.day(event) for event in given), last]
    left = list(missed)
    for before, after in pairwise(days) if missed else ():
        inside = [dose for dose in left if before <= dose.day <= after]
        if after - before > longest and len(inside) > 1:
            findings.note(
                "treatment gap",
                inside[0].day,
                f"{len(inside)} doses from day {inside[0].day} to day {inside[-1].day}",
                f"none from day {before} to day {after}",
                tolerance=f"{longest:g} d",
                rule="order",
            )
            left = [dose for dose in left if dose not in inside]
    for dose in left:
        tolerance = f"{regimen.tolerances.injection.value:g} d"
        wanted = _ordered(dose)
        findings.note("missed dose", dose.day, wanted, "nothing", tolerance=tolerance, rule="order")


def _judge_late(findings: Findings, late: Sequence[Event], stop: int) -> None:
    if late:
        day = findings.record.day(late[0])
        text = f"{len(late)} dose{'' if len(late) == 1 else 's'} from day {day} on"
        wanted = f"nothing from day {stop} on"
        findings.note("therapy after stop", day, wanted, text, rule="end of therapy", events=late)


def _adherence(
    regimen: Regimen, due: Iterable[Injection], given: Iterable[Event]
) -> tuple[Adherence, ...]:
    """Return the amounts given and due of each drug, those of the regimen first."""
    counts: dict[tuple[str, str], list[float]] = {
        (drug, spec.unit): [0.0, 0.0, 0, 0] for drug, spec in regimen.drugs.items()
    }
    for event in given:
        found = counts.setdefault((event.drug, event.unit), [0.0, 0.0, 0, 0])
        found[0] += event.dose
        found[2] += 1
    for dose in due:
        found = counts.setdefault((dose.drug, dose.unit), [0.0, 0.0, 0, 0])
        found[1] += dose.dose
        found[3] += 1
    return tuple(
        adherence_of(drug, unit, amount, due_amount, int(doses), int(due_doses))
        for (drug, unit), (amount, due_amount, doses, due_doses) in counts.items()
        if doses or due_doses
    )


def _ordered(dose: Injection) -> str:
    return f"{dose.drug} {dose.dose:g} {dose.unit} on day {dose.day}"


def _given(record: Record, event: Event) -> str:
    return f"{event.drug} {event.dose:g} {event.unit} on day {record.day(event)}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
