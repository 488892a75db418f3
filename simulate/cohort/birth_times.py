"""Days from enrolment to a live birth, or to the end of a couple's treatment without one.

Surgery follows therapy after a wait; fresh testicular sperm is used on that day, other sperm after
a further wait. Embryo transfers follow each other at a fixed interval, and a birth follows its
transfer. A regimen of three months delays all of this by three months.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocol.errors import InputError
from simulate.cohort.births import Births, births_of
from simulate.cohort.draw import Cohort, Path
from simulate.cohort.surgery import frozen
from simulate.hormones.therapy import therapy_days
from simulate.scenario.sections.dates import Dates

Ints = NDArray[np.int_]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BirthTimes:
    """Times of couples in one arm, shape (replicate, patient), in days from enrolment.

    Attributes
    ----------
    born
        Whether there is a live birth.
    day
        Day of the birth; without one, the day after which none can come: of the last transfer, or
        of surgery where there is no transfer.
    """

    born: Flags
    day: Ints


def birth_times_of(cohort: Cohort) -> tuple[BirthTimes, BirthTimes]:
    """Return the times in both arms, in the order of `coding.ARMS`, with common random numbers.

    Raises
    ------
    InputError
        The scenario has no dates.
    """
    dates = cohort.scenario.dates
    if dates is None:
        problem = "it is missing, and times to a birth follow from it"
        raise InputError.of(
            cohort.scenario.id, "dates", problem, "give dates, or extend a scenario that has them"
        )
    waits = cohort.streams.normal("waits", width=2)
    surgery = wait_days(dates.surgery_wait_days.value, dates, waits[..., 0])
    further = wait_days(dates.icsi_wait_days.value, dates, waits[..., 1])
    thawed = frozen(cohort.scenario.surgery, cohort.streams)
    pairs = zip(cohort.paths, births_of(cohort), strict=True)
    untreated, treated = (
        _along(path, births, dates, (surgery, further), thawed) for path, births in pairs
    )
    return untreated, treated


def _along(
    path: Path, births: Births, dates: Dates, waits: tuple[Ints, Ints], thawed: Flags
) -> BirthTimes:
    over = therapy_days(path.course.regimen)
    surgery = over + np.where(path.sperm_in_ejaculate, 0, waits[0])
    fresh = ~path.sperm_in_ejaculate & ~thawed
    transfer = surgery + np.where(fresh, 0, waits[1])
    transfers = births.transferred.sum(-1)
    last = transfer + np.rint(
        np.maximum(transfers - 1, 0) * dates.transfer_interval_days.value
    ).astype(np.int_)
    born = births.delivered
    later = np.where(born, round(dates.transfer_to_birth_days.value), 0)
    return BirthTimes(born, np.where(transfers > 0, last, surgery) + later)


def wait_days(median: float, dates: Dates, score: Floats) -> Ints:
    """Return whole days of a log-normal wait, at least one."""
    days = np.rint(median * np.exp(dates.wait_log_sd.value * score))
    return np.maximum(days, 1).astype(np.int_)
