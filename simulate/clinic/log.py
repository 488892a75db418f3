"""The event log an information system would hold: one row per activity, ongoing ones included.

Activities have a lifecycle: *scheduled* (the man waits), *start*, *complete*. A row's ``status``
says how far it has come by the day the log is read: ``waiting``, ``ongoing``, ``complete`` or
``left``.
"""

import datetime as dt
from collections.abc import Iterator
from math import inf

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.clinic import steps
from simulate.clinic.records import Seen, injection_times
from simulate.clinic.run import Run
from simulate.clinic.steps import codes, floats
from simulate.hormones import MONTHS
from simulate.nouns import ARMS

Floats = NDArray[np.float64]
Men = NDArray[np.intp]

#: Columns of the log with their meaning.
LOG_COLUMNS = {
    "run": "number of the run, from 1",
    "case": "number of the man in his run, from 1: patient_id of the tables",
    "arm": "untreated or treated, as he chose",
    "activity": "what is done",
    "scheduled": "when he begins to wait for it",
    "start": "when it begins; empty while he waits",
    "complete": "when it ends; empty while it goes on",
    "resource": "who or what does it",
    "status": "waiting, ongoing, complete, or left if he gave up",
    "detail": "result, rule that decided, or dose",
}

STATUS = ("waiting", "ongoing", "complete", "left")
_SECONDS = 86_400


def event_log(run: Run, day: float = inf, first: int = 0, last: int | None = None) -> pd.DataFrame:
    """Return the log of a run as read at the end of ``day``, by man and time.

    ``first`` and ``last`` choose men as in `simulate.clinic.records.clinic_tables`. Times are dates
    and times of day, to the second; day 0 begins on the clinic's opening date.
    """
    seen = Seen(run, min(day, run.until_day), first, last)
    blocks = [*_steps(seen), *_moments(seen), *_injections(seen)]
    names = sorted({block.activity for block in blocks})
    resources = sorted({name for block in blocks for name in block.resources})
    details = sorted({text for block in blocks for text in block.details})
    men = np.concatenate([block.men for block in blocks])
    asked, start, complete = (
        np.concatenate([getattr(block, which) for block in blocks])
        for which in ("asked", "start", "complete")
    )
    order_in_day = np.concatenate([np.full(len(b.men), b.place, np.int16) for b in blocks])
    activity = np.concatenate(
        [np.full(len(b.men), names.index(b.activity), np.int16) for b in blocks]
    )
    resource = np.concatenate([b.coded(b.resources, b.resource, resources) for b in blocks])
    detail = np.concatenate([b.coded(b.details, b.detail, details) for b in blocks])
    status = np.concatenate([b.status for b in blocks])
    key = np.where(np.isnan(start), asked, start)
    order = np.lexsort((order_in_day, key, men))
    opens, men = run.clinic.opens, men[order]
    arms = np.array(run.fates.gn, np.int8)[men]
    return pd.DataFrame(
        {
            "run": run.replicate + 1,
            "case": men + 1,
            "arm": pd.Categorical.from_codes(arms, list(ARMS)),
            "activity": pd.Categorical.from_codes(activity[order], names),
            "scheduled": timestamps(opens, asked[order]),
            "start": timestamps(opens, start[order]),
            "complete": timestamps(opens, complete[order]),
            "resource": pd.Categorical.from_codes(resource[order], resources),
            "status": pd.Categorical.from_codes(status[order], list(STATUS)),
            "detail": pd.Categorical.from_codes(detail[order], details),
        }
    )


def timestamps(opens: dt.date, days: Floats) -> NDArray[np.datetime64]:
    """Return moments as dates with times of day, to the second; NaN becomes NaT."""
    missing = np.isnan(days)
    seconds = np.rint(np.where(missing, 0, days) * _SECONDS).astype("timedelta64[s]")
    times = np.datetime64(opens, "s") + seconds
    times[missing] = np.datetime64("NaT")
    return np.asarray(times)


class _Block:
    """Rows of one activity; ``resource`` and ``detail`` are places in their names, by row."""

    __slots__ = (
        "activity", "asked", "complete", "detail", "details", "men", "place", "resource",
        "resources", "start", "status",
    )  # fmt: skip

    def __init__(
        self,
        seen: Seen,
        place: int,
        activity: str,
        men: Men,
        times: tuple[Floats, Floats, Floats],
        resources: tuple[str, ...],
        resource: NDArray[np.int_] | int = 0,
        details: tuple[str, ...] = ("",),
        detail: NDArray[np.int_] | int = 0,
    ) -> None:
        self.place, self.activity, self.men = place, activity, men
        self.asked, start, complete = times
        self.start = np.where(start <= seen.day, start, np.nan)
        self.complete = np.where(complete <= seen.day, complete, np.nan)
        self.resources, self.details = resources, details
        self.resource = np.broadcast_to(resource, len(men))
        self.detail = np.broadcast_to(detail, len(men))
        begun, ended = ~np.isnan(self.start), ~np.isnan(self.complete)
        self.status = (begun.astype(np.int8) + ended).astype(np.int8)

    def coded(
        self, own: tuple[str, ...], places: NDArray[np.int_], names: list[str]
    ) -> NDArray[np.int16]:
        return np.array([names.index(name) for name in own], np.int16)[places]


def _steps(seen: Seen) -> Iterator[_Block]:
    ledger = seen.run.ledger
    for step, name in enumerate(ledger.steps):
        asked = floats(ledger.asked[step])
        men = seen.by_now(asked)
        times = (asked[men], floats(ledger.start[step])[men], floats(ledger.complete[step])[men])
        resources, resource = _resource(seen, step, men)
        details, detail = _detail(seen, step, men)
        block = _Block(seen, _place(step), name, men, times, resources, resource, details, detail)
        if step in {steps.FIRST_VISIT, steps.MICRO_TESE}:
            ends = codes(ledger.end)[men]
            gave_up = (ends == steps.DECLINED) | (ends == steps.LEFT_LIST)
            gave_up &= np.isnan(block.start) & (floats(ledger.end_day)[men] <= seen.day)
            block.status[gave_up] = STATUS.index("left")
        yield block


def _place(step: int) -> int:
    """Return the place of a step among the rows of one moment; odd places are left free."""
    for month in range(MONTHS):
        if step == steps.MONTH_VISIT[month]:
            return _month_place(month) + 2
        if step == steps.MONTH_HORMONES[month]:
            return _month_place(month) + 3
    return 2 * step + 2 if step <= steps.COUNSELLING else 4 * MONTHS + 2 * step


def _month_place(month: int) -> int:
    """Return the place of a month's decision; injections, visit and hormones follow it."""
    return 2 * steps.COUNSELLING + 4 + 4 * month


def _resource(seen: Seen, step: int, men: Men) -> tuple[tuple[str, ...], NDArray[np.int_] | int]:
    if step == steps.MICRO_TESE and seen.run.clinic.theatre:
        lists = seen.run.clinic.theatre.lists
        names = tuple(dict.fromkeys(each.surgeon for each in lists))
        surgeon_of = np.array([names.index(each.surgeon) for each in lists])
        number = np.frombuffer(seen.run.ledger.list_number, np.int16)[men]
        held = tuple(f"surgeon {name}" for name in names)
        return ("theatre", *held), np.where(number < 0, 0, surgeon_of[number] + 1)
    return (_PLACES.get(step, "embryology"),), 0


_PLACES = {
    **dict.fromkeys((steps.FIRST_VISIT, steps.COUNSELLING, *steps.MONTH_VISIT), "outpatients"),
    **dict.fromkeys((steps.BASELINE_HORMONES, *steps.MONTH_HORMONES), "hormone bench"),
    **dict.fromkeys((*steps.SEMEN_SAMPLES, steps.SEMEN_CHECK, steps.FREEZING), "semen bench"),
    steps.MICRO_TESE: "theatre",
    steps.STIMULATION: "couple",
}


def _detail(seen: Seen, step: int, men: Men) -> tuple[tuple[str, ...], NDArray[np.int_] | int]:
    """Return results in words, "" where the step is not complete."""
    ledger = seen.run.ledger
    done = floats(ledger.complete[step])[men] <= seen.day
    sperm = ("", "no sperm", "sperm")
    if step in steps.SEMEN_SAMPLES:
        return sperm, np.where(done, 1, 0)
    if step == steps.SEMEN_CHECK:
        return sperm, np.where(done, codes(ledger.seen)[men] + 1, 0)
    if step == steps.MICRO_TESE:
        return sperm, np.where(done, codes(ledger.retrieved)[men] + 1, 0)
    after, odd = divmod(step - steps.FIRST_TRANSFER, 2)
    if after >= 0 and odd:
        result = np.where(
            codes(ledger.born[after])[men] == 1, 3, codes(ledger.pregnant[after])[men] + 1
        )
        return ("", "not pregnant", "lost", "live birth"), np.where(done, result, 0)
    return ("",), 0


def _moments(seen: Seen) -> Iterator[_Block]:
    """Yield what takes no time: referral, choice, decisions and ends."""
    run, ledger = seen.run, seen.run.ledger
    gn = np.array(run.fates.gn)
    referred = floats(ledger.referred)
    yield _moment(seen, 0, "referral", referred, "referring doctor")
    chosen = _chosen(seen)
    yield _moment(
        seen, _place(steps.COUNSELLING) + 1, "choice of therapy", chosen, "couple", ARMS, gn
    )
    for month in range(MONTHS):
        begun = floats(ledger.month_start[month])
        words, which = _decisions(seen, month, gn)
        yield _moment(
            seen,
            _month_place(month),
            f"decision for month {month + 1}",
            begun,
            "protocol engine",
            words,
            which,
        )
    yield from _stops(seen)
    checked = floats(ledger.complete[steps.SEMEN_CHECK])
    words, which = _end_decisions(seen, gn)
    place = _place(steps.SEMEN_CHECK) + 1
    yield _moment(seen, place, "decision on surgery", checked, "protocol engine", words, which)
    ended, end = floats(ledger.end_day), codes(ledger.end).astype(int)
    yield _moment(seen, _place(len(ledger.steps)), "end", ended, "clinic", steps.ENDS, end)


def _chosen(seen: Seen) -> Floats:
    """Return when each man chose: after counselling and the time he took over it."""
    ledger = seen.run.ledger
    counselled = floats(ledger.complete[steps.COUNSELLING])
    begun = floats(ledger.month_start[0])
    asked = np.fmin(floats(ledger.asked[steps.MICRO_TESE]), floats(ledger.asked[steps.SEMEN_CHECK]))
    chosen = np.where(np.isnan(begun), asked, begun)
    return np.where(np.isnan(counselled), np.nan, chosen)


def _moment(
    seen: Seen,
    place: int,
    activity: str,
    times: Floats,
    resource: str,
    details: tuple[str, ...] = ("",),
    detail: NDArray[np.int_] | int = 0,
) -> _Block:
    men = seen.by_now(times)
    at = times[men]
    which = detail[men] if isinstance(detail, np.ndarray) else detail
    return _Block(seen, place, activity, men, (at, at, at), (resource,), 0, details, which)


def _decisions(
    seen: Seen, month: int, gn: NDArray[np.int_]
) -> tuple[tuple[str, ...], NDArray[np.int_]]:
    """Return each decision as ``rule: phase``, and its place for each man."""
    ledger = seen.run.ledger
    rule, phase = codes(ledger.rule[month]), codes(ledger.decided[month])
    words: list[str] = [""]
    which = np.zeros(len(gn), int)
    for arm, rules in enumerate(seen.run.rules):
        for place, name in enumerate(rules.rule_ids()):
            for each in rules.regimen.phases:
                men = (gn == arm) & (rule == place) & (phase == each.code)
                if men.any():
                    which[men] = len(words)
                    words.append(f"{name}: {each.name}")
    return tuple(words), which


def _stops(seen: Seen) -> Iterator[_Block]:
    """Yield who breaks therapy off, at the beginning of the first month he leaves out."""
    ledger, stays = seen.run.ledger, np.array(seen.run.fates.months)
    for month in range(1, MONTHS):
        times = np.where(stays == month, floats(ledger.month_start[month]), np.nan)
        place = _month_place(month) + 1
        yield _moment(seen, place, "breaks therapy off", times, "patient")


def _end_decisions(seen: Seen, gn: NDArray[np.int_]) -> tuple[tuple[str, ...], NDArray[np.int_]]:
    fired = codes(seen.run.ledger.rule[MONTHS])
    words: list[str] = [""]
    which = np.zeros(len(gn), int)
    for arm, rules in enumerate(seen.run.rules):
        for place, name in enumerate(rules.end_rule_ids()):
            which[(gn == arm) & (fired == place)] = len(words)
            words.append(name)
    return tuple(words), which


def _injections(seen: Seen) -> Iterator[_Block]:
    for drug, dose_iu, month, men, times in injection_times(seen):
        place = _month_place(month) + 1
        at = (times, times, times)
        words = (f"{dose_iu:g} IU",)
        yield _Block(seen, place, f"injection of {drug}", men, at, ("patient",), 0, words)
