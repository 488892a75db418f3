"""Replicates of one clinic: each measure with its interval, until it is precise enough."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, isnan, nan
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from protocol.errors import InputError
from simulate.clinic.capacity.queues import QUEUES, in_clinic_by_day, queue_by_day
from simulate.clinic.capacity.run_measures import measures
from simulate.clinic.flow.run_clinic import Run, run_clinic
from simulate.clinic.setup.clinic_file import Clinic
from simulate.clinic.setup.referrals import Waiting
from simulate.scenario.scenario_file import Scenario

Floats = NDArray[np.float64]
#: Computes one function of many numbers in order; `map`, or that of a pool of processes.
Compute = Callable[[Callable[[int], "Replicate"], Iterable[int]], Iterable["Replicate"]]

#: Minimum number of replicates for a reliable interval.
FEWEST = 5
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Replicate:
    """Measures of one run, and its queues by day (those of `QUEUES`, and ``in_clinic``)."""

    measures: dict[str, float]
    queues: dict[str, NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Interval:
    """Mean of a measure over replicates, with a Student t interval at `LEVEL`.

    ``replicates`` counts those in which the measure is defined.
    """

    mean: float
    low: float
    high: float
    sd: float
    replicates: int

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return (self.high - self.low) / 2


def replicate(
    clinic: Clinic, scenario: Scenario, seed: int, patients: int | None,
    waiting_list: Sequence[Waiting], number: int,
) -> Replicate:  # fmt: skip
    """Run the clinic once for the replicate with this number (from 0)."""
    return measured(run_clinic(clinic, scenario, seed, number, patients, waiting_list))


def measured(run: Run) -> Replicate:
    """Return the measures and queues of a run."""
    days = run.clinic.horizon_days
    queues = {name or "theatre": queue_by_day(run, name, days) for name in QUEUES}
    return Replicate(measures(run), {**queues, "in_clinic": in_clinic_by_day(run, days)})


def interval(values: Iterable[float]) -> Interval:
    """Return the mean of independent replicates with its Student t interval.

    >>> found = interval([9.0, 10.0, 11.0])
    >>> round(found.mean, 3), round(found.half_width, 3)        # 4.303 x 1 / sqrt(3)
    (10.0, 2.484)
    """
    kept = np.array([value for value in values if not isnan(value)])
    if kept.size == 0:
        return Interval(nan, nan, nan, nan, 0)
    mean = float(kept.mean())
    if kept.size == 1:
        return Interval(mean, -inf, inf, nan, 1)
    sd = float(kept.std(ddof=1))
    reach = float(stdtrit(kept.size - 1, (1 + LEVEL) / 2) * sd / np.sqrt(kept.size))
    return Interval(mean, mean - reach, mean + reach, sd, int(kept.size))


def shown_limits(found: Interval, lowest: float) -> tuple[float, float]:
    """Return the limits to display: NaN below `FEWEST` replicates, and none below ``lowest``.

    Parameters
    ----------
    lowest
        The smallest value that the measure can take.

    Examples
    --------
    >>> shown_limits(interval([1.0, 30.0]), lowest=0)
    (nan, nan)
    >>> low, high = shown_limits(interval([0.0, 0.0, 0.0, 0.0, 10.0]), lowest=0)
    >>> low, round(high, 2)
    (0, 7.55)
    """
    if found.replicates < FEWEST:
        return nan, nan
    return max(found.low, lowest), found.high


def until_precise(
    clinic: Clinic,
    scenario: Scenario,
    seed: int,
    enough: Callable[[Sequence[Replicate]], bool],
    most: int,
    patients: int | None = None,
    waiting_list: Sequence[Waiting] = (),
    at_a_time: int = 1,
    compute: Compute = map,
    tell: Callable[[int], None] = lambda done: None,
    stop: Callable[[], bool] = lambda: False,
    known: Sequence[Replicate] = (),
) -> list[Replicate]:
    """Run replicates 0, 1, 2, ... until there are `FEWEST` and ``enough``, or ``most``.

    The rule is evaluated after each replicate in order of number, so that the result does not
    depend on how many are computed ``at_a_time``. ``known`` are the first of them, if they have
    been run already; ``stop`` is called after each and ends the run.
    """
    one = partial(replicate, clinic, scenario, seed, patients, tuple(waiting_list))
    done: list[Replicate] = list(known)
    for first in range(len(done), most, at_a_time):
        for each in compute(one, range(first, min(first + at_a_time, most))):
            done.append(each)
            tell(len(done))
            if stop() or (len(done) >= FEWEST and enough(done)):
                return done
    return done


def precise(measure: str, relative: float) -> Callable[[Sequence[Replicate]], bool]:
    """Return the rule: the half-width of the interval is at most this fraction of the mean."""

    def enough(done: Sequence[Replicate]) -> bool:
        found = interval(each.measures.get(measure, nan) for each in done)
        return found.half_width <= relative * abs(found.mean)

    return enough


def summary(done: Sequence[Replicate]) -> pd.DataFrame:
    """Return every measure with mean, interval, standard deviation and number of replicates."""
    rows = []
    for name in done[0].measures:
        found = interval(each.measures[name] for each in done)
        low, high = shown_limits(found, lowest=0)  # times, counts and ratios are never negative
        rows.append(
            {
                "measure": name, "mean": found.mean, "conf_low": low,
                "conf_high": high, "sd": found.sd, "replicates": found.replicates,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def mser5(series: Floats) -> int:
    """Return the end of the warm-up, in days, of a series of daily values by MSER-5.

    Means of five days; the truncation point minimises the variance of the rest over its number
    squared (White KP. *Simulation* 1997;69:323-34), over the first half of the series.

    >>> mser5(np.concatenate([np.linspace(50, 10, 40), np.full(160, 10.0)]))
    40
    """
    batches = series[: len(series) // 5 * 5].reshape(-1, 5).mean(axis=1)
    scores = [
        float(((batches[cut:] - batches[cut:].mean()) ** 2).sum()) / (len(batches) - cut) ** 2
        for cut in range(len(batches) // 2)
    ]
    return 5 * int(np.argmin(scores)) if scores else 0


@dataclass(frozen=True, slots=True)
class Goal:
    """A condition on a measure, such as ``p90_wait_days < 60``."""

    measure: str
    operator: Literal["<", "<=", ">", ">="]
    limit: float

    def met_by(self, found: Interval) -> bool | None:
        """Return whether the whole interval meets the goal; None if it contains the limit."""
        low, high = (
            (found.low, found.high) if self.operator[0] == "<" else (-found.high, -found.low)
        )
        limit = self.limit if self.operator[0] == "<" else -self.limit
        if high < limit or (len(self.operator) == 2 and high == limit):
            return True
        if low > limit or (len(self.operator) == 1 and low == limit):
            return False
        return None


def read_goal(text: str, known: Sequence[str]) -> Goal:
    """Read a goal; a measure that does not exist is an `InputError`.

    >>> read_goal("p90_wait_days < 60", ["p90_wait_days"]).limit
    60.0
    """
    found = re.fullmatch(r"\s*(\w+)\s*(<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)\s*", text)
    if not found:
        cure = "write MEASURE < NUMBER, such as 'p90_wait_days < 60'"
        raise InputError.of("goal", "", f"{text!r} is not understood", cure)
    measure, operator, number = found.groups()
    if measure not in known:
        problem, cure = f"there is no measure {measure!r}", f"take one of {', '.join(known)}"
        raise InputError.of("goal", "", problem, cure)
    return Goal(measure, operator, float(number))  # type: ignore[arg-type]  # one of the four above
