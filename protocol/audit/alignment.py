"""Pair injections given with injections due, in the way that leaves the fewest deviations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from protocol.audit.log.events import Event
from protocol.regimen.paths import Injection

Difference = Literal["drug", "dose", "route", "timing"]

#: Injections further than this from the planned day are not matched with the planned injection.
REACH_DAYS = 4
#: The cost of an unpaired injection. Two of them cost more than a pair that differs in every
#: respect, so that a wrong injection counts as one deviation, not as one missed and one extra.
ALONE = 1.4
#: The cost of each day between the two of a pair: the nearer of two equal pairings is chosen.
DISTANCE = 0.001
#: A day later than all others.
FOREVER = 10**9
#: The cost of each difference in a pair. Where a late injection and a wrong drug explain the same
#: log, as when a patient shifts the calendar by one turn, the injection was late.
COST: dict[Difference, float] = {"drug": 1.01, "dose": 1.0, "route": 0.5, "timing": 1.0}


@dataclass(frozen=True, slots=True)
class Pair:
    """An injection due and the one given; either may be None. ``wrong`` names the differences."""

    due: Injection | None
    given: Event | None
    wrong: tuple[Difference, ...] = ()


def align(
    due: Sequence[Injection],
    given: Sequence[Event],
    start: int,
    window: int,
    dose_percent: float,
    open_from: int = FOREVER,
) -> list[Pair]:
    """Return the pairs, in order; both sequences are sorted by day.

    The cheapest alignment that keeps the order is found by dynamic programming, as for two strings.
    Injections at both ends that are correct and on time are paired first: no alignment is cheaper
    than one that pairs the first two, or the last two, at no cost.

    Parameters
    ----------
    start
        The date of day 0 (proleptic ordinal).
    window
        The tolerated distance in days, both ends included; ``dose_percent`` is that of the dose.
    open_from
        Injections due from this day on may still be given: unpaired, they cost nothing.
    """

    def exact(want: Injection, got: Event) -> bool:
        on_day = got.date - start == want.day
        return on_day and not wrong_with(want, got, start, window, dose_percent)

    head = 0
    for want, got in zip(due, given, strict=False):
        if not exact(want, got):
            break
        head += 1
    tail = 0
    for want, got in zip(reversed(due[head:]), reversed(given[head:]), strict=False):
        if want.day >= open_from or not exact(want, got):
            break
        tail += 1
    middle = due[head : len(due) - tail]
    between = _Alignment(
        middle,
        given[head : len(given) - tail],
        start,
        window,
        dose_percent,
        [0.0 if dose.day >= open_from else ALONE for dose in middle],
    )
    return [
        *map(Pair, due[:head], given[:head]),
        *between.pairs(),
        *map(Pair, due[len(due) - tail :], given[len(given) - tail :]),
    ]


def align_days(
    due: Sequence[Injection],
    given: Sequence[Event],
    start: int,
    window: int,
    dose_percent: float,
    open_from: int = FOREVER,
) -> list[Pair]:
    """Return the pairs as `align` does, if the order of injections within a day is not known.

    Neighbours on the same day are exchanged if the alignment becomes cheaper.
    """
    order = list(given)
    pairs = align(due, order, start, window, dose_percent, open_from)
    for j in range(len(order) - 1):
        if order[j].date != order[j + 1].date or not any(
            pair.wrong or pair.due is None for pair in pairs if pair.given in order[j : j + 2]
        ):
            continue
        other = [*order[:j], order[j + 1], order[j], *order[j + 2 :]]
        found = align(due, other, start, window, dose_percent, open_from)
        if total_cost(found, start, open_from) < total_cost(pairs, start, open_from) - 1e-9:
            order, pairs = other, found
    return pairs


def total_cost(pairs: Sequence[Pair], start: int, open_from: int = FOREVER) -> float:
    """Return the total cost of an alignment."""
    cost = 0.0
    for pair in pairs:
        if pair.due and pair.given:
            cost += _cost(pair.wrong, pair.given.date - start - pair.due.day)
        elif pair.given or (pair.due and pair.due.day < open_from):
            cost += ALONE
    return cost


def wrong_with(
    due: Injection, given: Event, start: int, window: int, dose_percent: float
) -> tuple[Difference, ...]:
    """Return what differs: the drug, or else the dose and the route (if known); and the day."""
    wrong: list[Difference] = []
    if due.drug != given.drug:
        wrong.append("drug")
    else:
        if abs(given.dose - due.dose) * 100 > due.dose * dose_percent:
            wrong.append("dose")
        if given.route and given.route != due.route:
            wrong.append("route")
    if abs(given.date - start - due.day) > window:
        wrong.append("timing")
    return tuple(wrong)


def _cost(wrong: Sequence[Difference], distance: int) -> float:
    return sum(COST[difference] for difference in wrong) + DISTANCE * abs(distance)


@dataclass(frozen=True, slots=True)
class _Alignment:
    """Two sequences to align; ``alone`` is the cost of each due injection that stays unpaired."""

    due: Sequence[Injection]
    given: Sequence[Event]
    start: int
    window: int
    dose_percent: float
    alone: Sequence[float]

    def _wrong(self, i: int, j: int) -> tuple[Difference, ...] | None:
        """Return what is wrong if these two are a pair; None if they are too far apart."""
        due, given = self.due[i], self.given[j]
        if abs(given.date - self.start - due.day) > REACH_DAYS:
            return None
        return wrong_with(due, given, self.start, self.window, self.dose_percent)

    def _costs(self) -> list[list[float]]:
        """Return the least cost of aligning what is due from i on with what is given from j on."""
        due_days = [dose.day + self.start for dose in self.due]
        dates = [event.date for event in self.given]
        cost = [[ALONE * (len(dates) - j) for j in range(len(dates) + 1)]]
        for i in range(len(due_days) - 1, -1, -1):
            day, below, alone = due_days[i], cost[-1], self.alone[i]
            row = [below[-1] + alone]
            for j in range(len(dates) - 1, -1, -1):
                best = min(below[j] + alone, row[-1] + ALONE)
                if -REACH_DAYS <= dates[j] - day <= REACH_DAYS:
                    cost_here = _cost(self._wrong(i, j) or (), dates[j] - day)
                    best = min(best, below[j + 1] + cost_here)
                row.append(best)
            cost.append(row[::-1])
        return cost[::-1]

    def pairs(self) -> list[Pair]:
        """Trace back the minimum costs; among equal costs, a pair is preferred."""
        cost, pairs = self._costs(), []
        i = j = 0
        rows, columns = len(self.due), len(self.given)
        while i < rows or j < columns:
            if i < rows and j < columns:
                wrong = self._wrong(i, j)
                apart = self.given[j].date - self.start - self.due[i].day
                if wrong is not None and _same(
                    cost[i][j], cost[i + 1][j + 1] + _cost(wrong, apart)
                ):
                    pairs.append(Pair(self.due[i], self.given[j], wrong))
                    i, j = i + 1, j + 1
                    continue
            if i < rows and _same(cost[i][j], cost[i + 1][j] + self.alone[i]):
                pairs.append(Pair(self.due[i], None))
                i += 1
            else:
                pairs.append(Pair(None, self.given[j]))
                j += 1
        return pairs


def _same(a: float, b: float) -> bool:
    return abs(a - b) < 1e-9
