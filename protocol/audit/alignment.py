"""Pair what was injected with what was due, in the way that leaves the fewest faults."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from protocol.audit.log import Event
from protocol.regimen.paths import Injection

Fault = Literal["drug", "dose", "route", "timing"]

#: An injection further than this from its day is not the one that was due, but another one.
REACH_DAYS = 4
#: What an injection without partner costs. Two of them cost more than a pair with all faults that
#: it can have, so that a wrong injection is told as one and not as a missed and an extra one.
ALONE = 1.4
#: What the faults of a pair cost. Where a late injection and a wrong drug explain the same log, as
#: when a man shifts his calendar by one turn, it was late.
COST: dict[Fault, float] = {"drug": 1.01, "dose": 1.0, "route": 0.5, "timing": 1.0}


@dataclass(frozen=True, slots=True)
class Pair:
    """A due injection and the one done for it; either may be None. ``wrong`` says what differs."""

    due: Injection | None
    done: Event | None
    wrong: tuple[Fault, ...] = ()


def align(
    due: Sequence[Injection], done: Sequence[Event], start: int, window: int, dose_percent: float
) -> list[Pair]:
    """Return the pairs, in order; both sequences are sorted by day.

    ``window`` is the tolerated distance in days, both ends included; ``dose_percent`` that of the
    dose. When one by one all is right, that is the answer; else the cheapest alignment that keeps
    the order is found by dynamic programming, as for two strings.
    """
    if len(due) == len(done):
        wrongs = [
            wrong_with(want, got, start, window, dose_percent)
            for want, got in zip(due, done, strict=True)
        ]
        if not any(wrongs):
            return [Pair(want, got) for want, got in zip(due, done, strict=True)]
    return _cheapest(due, done, start, window, dose_percent)


def wrong_with(
    due: Injection, done: Event, start: int, window: int, dose_percent: float
) -> tuple[Fault, ...]:
    """Say what differs: the drug, or else the dose and the route (if known); and the day."""
    wrong: list[Fault] = []
    if due.drug != done.drug:
        wrong.append("drug")
    else:
        if abs(done.dose_iu - due.dose_iu) * 100 > due.dose_iu * dose_percent:
            wrong.append("dose")
        if done.route and done.route != due.route:
            wrong.append("route")
    if abs(done.date - start - due.day) > window:
        wrong.append("timing")
    return tuple(wrong)


def _cost(wrong: Sequence[Fault]) -> float:
    return sum(COST[fault] for fault in wrong)


def _cheapest(
    due: Sequence[Injection], done: Sequence[Event], start: int, window: int, dose_percent: float
) -> list[Pair]:
    rows, columns = len(due), len(done)
    cost = [[ALONE * (i + j) for j in range(columns + 1)] for i in range(rows + 1)]
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            best = min(cost[i - 1][j], cost[i][j - 1]) + ALONE
            want, got = due[i - 1], done[j - 1]
            if abs(got.date - start - want.day) <= REACH_DAYS:
                wrong = wrong_with(want, got, start, window, dose_percent)
                best = min(best, cost[i - 1][j - 1] + _cost(wrong))
            cost[i][j] = best
    return _traced(due, done, start, window, dose_percent, cost)


def _traced(
    due: Sequence[Injection],
    done: Sequence[Event],
    start: int,
    window: int,
    dose_percent: float,
    cost: list[list[float]],
) -> list[Pair]:
    """Walk back through the costs; where ways are equal, a pair comes before strangers."""
    pairs: list[Pair] = []
    i, j = len(due), len(done)
    while i or j:
        if i and j and abs(done[j - 1].date - start - due[i - 1].day) <= REACH_DAYS:
            wrong = wrong_with(due[i - 1], done[j - 1], start, window, dose_percent)
            if abs(cost[i][j] - cost[i - 1][j - 1] - _cost(wrong)) < 1e-9:
                pairs.append(Pair(due[i - 1], done[j - 1], wrong))
                i, j = i - 1, j - 1
                continue
        if i and abs(cost[i][j] - cost[i - 1][j] - ALONE) < 1e-9:
            pairs.append(Pair(due[i - 1], None))
            i -= 1
        else:
            pairs.append(Pair(None, done[j - 1]))
            j -= 1
    return pairs[::-1]
