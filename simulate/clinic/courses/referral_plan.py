"""Who comes on which day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from protocol.errors import InputError
from simulate.clinic.courses.batches import Lots
from simulate.clinic.setup.clinic_file import Clinic
from simulate.clinic.setup.durations import GRAIN
from simulate.clinic.setup.referrals import Waiting, referral_days
from simulate.core.random_streams import Luck
from simulate.hormones.therapy import therapy_days

#: Men named at a time; all others are a number and a day in an array.
AT_A_TIME = 4096


@dataclass(frozen=True, slots=True)
class Plan:
    """The men who come, in the order of their referral, and the days; 12 bytes a man.

    ``listed`` are those who wait for surgery on day 0.
    """

    men: NDArray[np.uint32]
    days: NDArray[np.float64]
    listed: frozenset[int]

    @property
    def first_day(self) -> float:
        """The first referral, in days from the opening; 0 if nobody comes."""
        return float(self.days[0]) if len(self.days) else 0.0

    def __iter__(self) -> Iterator[tuple[float, int]]:
        """Yield (day, man) in order."""
        for first in range(0, len(self.men), AT_A_TIME):
            some = slice(first, first + AT_A_TIME)
            yield from zip(self.days[some].tolist(), self.men[some].tolist(), strict=True)


def plan(clinic: Clinic, lots: Lots, luck: Luck, waiting_list: Sequence[Waiting]) -> Plan:
    """Lay out who comes when.

    Who is listed for surgery needs surgery, and has had his therapy just before he was listed.
    """
    known, listed = _already_waiting(lots, waiting_list)
    others = np.ones(luck.men, bool)
    others[list(known)] = False
    men = np.flatnonzero(others).astype(np.uint32)
    referred = referral_days(clinic, lots.scenario.population, luck)
    # With a rate men come in the order of their numbers; else each has a day of his own.
    days = referred[others] if clinic.referrals.men_per_week is None else referred[: len(men)]
    comes = days <= (inf if clinic.horizon_days is None else clinic.horizon_days)
    men = np.concatenate([np.array(list(known), np.uint32), men[comes]])
    days = np.concatenate([np.array(list(known.values()), float), days[comes]])
    order = np.lexsort((men, days))
    return Plan(men[order], days[order], listed)


def _already_waiting(
    lots: Lots, waiting_list: Sequence[Waiting]
) -> tuple[dict[int, float], frozenset[int]]:
    """Choose a man for each who waits; return their days of referral, and who is for surgery."""
    days: dict[int, float] = {}
    surgery: set[int] = set()
    man = -1
    for waiting in waiting_list:
        man += 1
        before = 0
        if waiting.place == "micro-TESE":
            man = _next_for_surgery(lots, man)
            surgery.add(man)
            before = therapy_days(lots.ways[lots[man].gn].regimen)
        days[man] = float(np.floor(-(waiting.days_waited + before) * GRAIN) / GRAIN)
    return days, frozenset(surgery)


def _next_for_surgery(lots: Lots, man: int) -> int:
    """Return the first man from ``man`` on who needs surgery."""
    while man < lots.men:
        if lots[man].needs_surgery:
            return man
        man += 1
    problem = f"too few of {lots.men} men need surgery for all on the waiting list"
    raise InputError.of(lots.clinic.id, "referrals.waiting_list", problem, "draw more men")
