"""The rows of the event log, activity by activity."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simulate.clinic.flow import steps
from simulate.clinic.records.state_on_day import Indices, Seen, injection_times
from simulate.core.coding import ARMS
from simulate.hormones.traits import MONTHS

Floats = NDArray[np.float64]
Codes = NDArray[np.signedinteger]

#: State of an activity on the day of the extract.
STATUS = ("waiting", "ongoing", "complete", "left")


class Block:
    """Rows of one activity; ``resource`` and ``detail`` are indices of their names, by row.

    ``place`` orders the rows of one moment; ``cases`` are numbers of patients from 1, ``arms``
    indices of `simulate.core.coding.ARMS`.
    """

    __slots__ = (
        "activity", "arms", "asked", "cases", "complete", "detail", "details", "place", "resource",
        "resources", "start", "status",
    )  # fmt: skip

    def __init__(
        self,
        seen: Seen,
        place: int,
        activity: str,
        patients: Indices,
        times: tuple[Floats, Floats, Floats],
        resources: tuple[str, ...],
        resource: Codes | int = 0,
        details: tuple[str, ...] = ("",),
        detail: Codes | int = 0,
    ) -> None:
        self.place, self.activity = place, activity
        self.cases, self.arms = seen.numbers(patients), seen.courses.gonadotropin_therapy[patients]
        self.asked, start, complete = times
        self.start = np.where(start <= seen.day, start, np.nan)
        self.complete = np.where(complete <= seen.day, complete, np.nan)
        self.resources, self.details = resources, details
        self.resource = _for_each(resource, len(patients))
        self.detail = _for_each(detail, len(patients))
        begun, ended = ~np.isnan(self.start), ~np.isnan(self.complete)
        self.status = (begun.astype(np.int8) + ended).astype(np.int8)


def _for_each(codes: Codes | int, rows: int) -> Codes:
    """Return one index per row."""
    return codes if isinstance(codes, np.ndarray) else np.full(rows, codes)


def rows_of(seen: Seen) -> Iterator[Block]:
    """Yield every row of the selected patients, activity by activity."""
    yield from _steps(seen)
    yield from _moments(seen)
    yield from _injections(seen)


def _steps(seen: Seen) -> Iterator[Block]:
    columns = seen.columns
    for step, name in enumerate(seen.run.ledger.steps):
        asked = columns.asked[step]
        patients = seen.by_now(asked)
        times = (asked[patients], columns.start[step][patients], columns.complete[step][patients])
        resources, resource = _resource(seen, step, patients)
        details, detail = _detail(seen, step, patients)
        block = Block(
            seen, _place(step), name, patients, times, resources, resource, details, detail
        )
        if step in {steps.FIRST_VISIT, steps.MICRO_TESE}:
            ends = columns.end[patients]
            gave_up = (ends == steps.DECLINED) | (ends == steps.LEFT_LIST)
            gave_up &= np.isnan(block.start) & (columns.end_day[patients] <= seen.day)
            block.status[gave_up] = STATUS.index("left")
        yield block


def _place(step: int) -> int:
    """Return the sort position of a step among the rows of one moment; odd positions are free."""
    for month in range(MONTHS):
        if step == steps.MONTH_VISIT[month]:
            return _month_place(month) + 2
        if step == steps.MONTH_HORMONES[month]:
            return _month_place(month) + 3
    return 2 * step + 2 if step <= steps.COUNSELLING else 4 * MONTHS + 2 * step


def _month_place(month: int) -> int:
    """Return the sort position of a month's decision; injections, visit and hormones follow it."""
    return 2 * steps.COUNSELLING + 4 + 4 * month


def _resource(seen: Seen, step: int, patients: Indices) -> tuple[tuple[str, ...], Codes | int]:
    if step == steps.MICRO_TESE and seen.run.clinic.theatre:
        lists = seen.run.clinic.theatre.lists
        names = tuple(dict.fromkeys(each.surgeon for each in lists))
        surgeon_of = np.array([names.index(each.surgeon) for each in lists])
        number = seen.columns.list_number[patients]
        held = tuple(f"surgeon {name}" for name in names)
        return ("theatre", *held), np.where(number < 0, 0, surgeon_of[number] + 1)
    return (_PLACES.get(step, "embryology"),), 0


_PLACES = {
    **dict.fromkeys((steps.FIRST_VISIT, steps.COUNSELLING, *steps.MONTH_VISIT), "outpatients"),
    **dict.fromkeys((steps.BASELINE_HORMONES, *steps.MONTH_HORMONES), "hormone bench"),
    **dict.fromkeys((*steps.SEMEN_SAMPLES, steps.SEMEN_ANALYSIS, steps.FREEZING), "semen bench"),
    steps.MICRO_TESE: "theatre",
    steps.STIMULATION: "couple",
}


def _detail(seen: Seen, step: int, patients: Indices) -> tuple[tuple[str, ...], Codes | int]:
    """Return results in words, "" if the step is not complete."""
    columns = seen.columns
    done = columns.complete[step][patients] <= seen.day
    sperm = ("", "no sperm", "sperm")
    if step in steps.SEMEN_SAMPLES:
        return sperm, np.where(done, 1, 0)
    if step == steps.SEMEN_ANALYSIS:
        return sperm, np.where(done, columns.seen[patients] + 1, 0)
    if step == steps.MICRO_TESE:
        return sperm, np.where(done, columns.retrieved[patients] + 1, 0)
    after, odd = divmod(step - steps.FIRST_TRANSFER, 2)
    if after >= 0 and odd:
        result = np.where(
            columns.born[after][patients] == 1, 3, columns.pregnant[after][patients] + 1
        )
        return ("", "not pregnant", "lost", "live birth"), np.where(done, result, 0)
    return ("",), 0


def _moments(seen: Seen) -> Iterator[Block]:
    """Yield instantaneous events: referral, choice, decisions and ends."""
    columns, gonadotropin_therapy = seen.columns, seen.courses.gonadotropin_therapy
    yield _moment(seen, 0, "referral", columns.referred, "referring doctor")
    place = _place(steps.COUNSELLING) + 1
    yield _moment(
        seen, place, "choice of therapy", _chosen(seen), "couple", ARMS, gonadotropin_therapy
    )
    for month in range(MONTHS):
        name, place = f"decision for month {month + 1}", _month_place(month)
        known = _decisions(seen, month)
        yield _moment(seen, place, name, columns.month_start[month], "protocol engine", *known)
    yield from _stops(seen)
    checked, place = columns.complete[steps.SEMEN_ANALYSIS], _place(steps.SEMEN_ANALYSIS) + 1
    known = _end_decisions(seen)
    yield _moment(seen, place, "decision on surgery", checked, "protocol engine", *known)
    place = _place(len(seen.run.ledger.steps))
    yield _moment(seen, place, "end", columns.end_day, "clinic", steps.ENDS, columns.end)


def _chosen(seen: Seen) -> Floats:
    """Return the time of each patient's choice: after counselling and the time to decide."""
    columns = seen.columns
    counselled = columns.complete[steps.COUNSELLING]
    begun = columns.month_start[0]
    asked = np.fmin(columns.asked[steps.MICRO_TESE], columns.asked[steps.SEMEN_ANALYSIS])
    chosen = np.where(np.isnan(begun), asked, begun)
    return np.where(np.isnan(counselled), np.nan, chosen)


def _moment(
    seen: Seen,
    place: int,
    activity: str,
    times: Floats,
    resource: str,
    details: tuple[str, ...] = ("",),
    detail: Codes | int = 0,
) -> Block:
    patients = seen.by_now(times)
    at = times[patients]
    which = detail[patients] if isinstance(detail, np.ndarray) else detail
    return Block(seen, place, activity, patients, (at, at, at), (resource,), 0, details, which)


def _decisions(seen: Seen, month: int) -> tuple[tuple[str, ...], Codes]:
    """Return each decision as ``rule: phase``, and its index for each patient."""
    gonadotropin_therapy, rule, phase = (
        seen.courses.gonadotropin_therapy,
        seen.columns.rule[month],
        seen.columns.decided[month],
    )
    words: list[str] = [""]
    which = np.zeros(len(gonadotropin_therapy), int)
    for arm, rules in enumerate(seen.run.rules):
        for place, name in enumerate(rules.rule_ids()):
            for each in rules.regimen.phases:
                patients = (gonadotropin_therapy == arm) & (rule == place) & (phase == each.code)
                if patients.any():
                    which[patients] = len(words)
                    words.append(f"{name}: {each.name}")
    return tuple(words), which


def _stops(seen: Seen) -> Iterator[Block]:
    """Yield discontinuations of therapy, at the start of the first month without injections."""
    columns, stays = seen.columns, seen.courses.months
    for month in range(1, MONTHS):
        times = np.where(stays == month, columns.month_start[month], np.nan)
        place = _month_place(month) + 1
        yield _moment(seen, place, "discontinuation of therapy", times, "patient")


def _end_decisions(seen: Seen) -> tuple[tuple[str, ...], Codes]:
    gonadotropin_therapy, fired = seen.courses.gonadotropin_therapy, seen.columns.rule[MONTHS]
    words: list[str] = [""]
    which = np.zeros(len(gonadotropin_therapy), int)
    for arm, rules in enumerate(seen.run.rules):
        for place, name in enumerate(rules.end_rule_ids()):
            which[(gonadotropin_therapy == arm) & (fired == place)] = len(words)
            words.append(name)
    return tuple(words), which


def _injections(seen: Seen) -> Iterator[Block]:
    for drug, dose_iu, month, patients, times in injection_times(seen):
        place = _month_place(month) + 1
        at = (times, times, times)
        words = (f"{dose_iu:g} IU",)
        yield Block(seen, place, f"injection of {drug}", patients, at, ("patient",), 0, words)
