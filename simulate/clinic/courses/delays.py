"""Delays of each patient that need no resource, and the patience to wait."""

from math import inf

import numpy as np
from numpy.typing import NDArray

from simulate.clinic.courses.potential_course import PotentialCourses
from simulate.clinic.setup import clinic_file as file
from simulate.clinic.setup.clinic_file import Clinic
from simulate.clinic.setup.durations import days, rounded_days
from simulate.clinic.setup.time_units import MINUTES_PER_DAY, Length
from simulate.core.random_streams import RandomStreams
from simulate.hormones.traits import MONTHS

Floats = NDArray[np.float64]

#: Maximum number of samples of a patient at each bench.
HORMONE_TESTS, SEMEN_TESTS = 1 + MONTHS, 3

#: Every delay by name, in days; work is listed for each of a patient's samples.
DELAYS = (
    "operation",
    *file.Intervals.model_fields,
    "first visit patience",
    "theatre patience",
    "hormone bench turnaround",
    "semen bench turnaround",
    *(f"hormone bench work {time}" for time in range(HORMONE_TESTS)),
    *(f"semen bench work {time}" for time in range(SEMEN_TESTS)),
)
PLACE = {name: place for place, name in enumerate(DELAYS)}
(
    OPERATION, BETWEEN_SEMEN_SAMPLES, TIME_TO_CHOOSE, TO_STIMULATION, STIMULATION,
    RETRIEVAL_TO_TRANSFER, TRANSFER_TO_TEST, BETWEEN_TRANSFERS, TEST_TO_DELIVERY, TEST_TO_LOSS,
    FIRST_VISIT_PATIENCE, THEATRE_PATIENCE, HORMONE_TURNAROUND, SEMEN_TURNAROUND, HORMONE_WORK,
) = range(15)  # fmt: skip
SEMEN_WORK = HORMONE_WORK + HORMONE_TESTS


def draw_delays(clinic: Clinic, courses: PotentialCourses) -> Floats:
    """Return every patient's delays in days, of shape (patient, delay) in the order of `DELAYS`."""
    streams = courses.cohort.streams
    drawn = np.zeros((streams.patients, len(DELAYS)))
    drawn[:, OPERATION] = _operations(clinic, courses)
    for name in file.Intervals.model_fields:
        drawn[:, PLACE[name]] = _drawn(getattr(clinic.intervals, name), streams, name)
    for place, length, purpose in (
        (FIRST_VISIT_PATIENCE, clinic.patience.first_visit, "first visit patience"),
        (THEATRE_PATIENCE, clinic.patience.theatre, "theatre patience"),
    ):
        drawn[:, place] = inf if length is None else _drawn(length, streams, purpose)
    for bench, purpose, times, first in (
        (clinic.laboratory.hormones, "hormone bench", HORMONE_TESTS, HORMONE_WORK),
        (clinic.laboratory.semen, "semen bench", SEMEN_TESTS, SEMEN_WORK),
    ):
        turnaround = f"{purpose} turnaround"
        drawn[:, PLACE[turnaround]] = _drawn(bench.turnaround, streams, turnaround)
        if bench.work:
            uniform = streams.uniform(f"{purpose} work", width=times)[0]
            drawn[:, first : first + times] = days(bench.work, uniform)
    return drawn


def _operations(clinic: Clinic, courses: PotentialCourses) -> Floats:
    """Return the length of each patient's operation; None if the theatre has no limit."""
    if clinic.theatre is None or clinic.theatre.operation:
        own = clinic.theatre.operation if clinic.theatre else None
        return _drawn(own, courses.cohort.streams, "operation")
    return rounded_days(courses.operations.minutes[0] / MINUTES_PER_DAY)


def _drawn(length: Length | None, streams: RandomStreams, purpose: str) -> Floats:
    if length is None:
        return np.zeros(streams.patients)
    return days(length, streams.uniform(f"clinic: {purpose}")[0])
