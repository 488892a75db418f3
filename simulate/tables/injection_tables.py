"""Injections of each patient, from the regimen's calendar and the phases of the months."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from protocol.dates import MONTH_DAYS
from simulate.cohort.draw import Cohort
from simulate.core.coding import ARMS
from simulate.hormones.course import Course
from simulate.hormones.decision_lookup import dose_calendar
from simulate.tables.study_rows import coded, numbers

Ints = NDArray[np.int_]


@dataclass(frozen=True, slots=True)
class _Lists:
    """The injections of every sequence of phases that some patient lived, one after another.

    ``day``, ``drug`` and ``dose`` have one entry an injection; sequence *i* has ``count[i]`` of
    them from ``first[i]`` on.
    """

    day: Ints
    drug: Ints
    dose: NDArray[np.float64]
    first: Ints
    count: Ints


def injections(cohort: Cohort, r: int) -> pd.DataFrame:
    """List every injection, patient by patient in the order of days."""
    parts = [_injections_on(cohort, r, arm) for arm in range(len(ARMS))]
    given = [part for part in parts if len(part)] or parts[:1]
    if len(given) == 1:  # already in order
        return given[0]
    return pd.concat(given).sort_values("patient_id", kind="stable", ignore_index=True)


def _injections_on(cohort: Cohort, r: int, arm: int) -> pd.DataFrame:
    """List the injections of the patients of one arm from the regimen's calendar of each phase."""
    course = cohort.paths[arm].course
    mine = np.flatnonzero(cohort.gonadotropin_therapy[r] == arm)
    lists, sequence = _lists_of(course, course.phase[:, r][:, mine])
    count = lists.count[sequence]
    row = _runs(lists.first[sequence], count)
    patient = np.repeat(mine, count)
    if course.missed is not None:
        given = ~course.missed[lists.day[row], r, patient]
        row, patient = row[given], patient[given]
    every = [drug for path in cohort.paths for drug in path.course.regimen.drugs]
    place = np.array([every.index(drug) for drug in course.regimen.drugs], np.int8)
    listed = {
        "patient_id": numbers(cohort)[patient],
        "day": lists.day[row],
        "drug": coded(every, place[lists.drug][row]),
        "dose_iu": lists.dose[row],
    }
    return pd.DataFrame(listed, copy=False)


def _lists_of(course: Course, phase: NDArray[np.int8]) -> tuple[_Lists, Ints]:
    """List the injections of each sequence of phases, and the sequence of each patient."""
    calendar = dose_calendar(course.regimen)
    base = calendar.shape[0] ** np.arange(len(phase))
    known, example, sequence = np.unique(base @ phase, return_index=True, return_inverse=True)
    lived = phase[:, example].T
    spent = _months_spent(lived.T).T
    longest = calendar.shape[1] - 1
    begun = np.minimum(np.arange(len(phase)) - spent, longest)
    # sequence, month, day, drug
    doses = calendar[lived, begun, np.minimum(spent, longest)].swapaxes(2, 3)
    of, month, day, drug = np.nonzero(doses)
    count = np.bincount(of, minlength=len(known))
    first = np.cumsum(count) - count
    lists = _Lists(day + month * MONTH_DAYS, drug, doses[of, month, day, drug], first, count)
    return lists, sequence


def _runs(first: Ints, count: Ints) -> Ints:
    """Count on from each first number.

    Examples
    --------
    >>> _runs(np.array([5, 0, 7]), np.array([2, 0, 3])).tolist()
    [5, 6, 7, 8, 9]
    """
    before = np.cumsum(count) - count
    runs: Ints = np.arange(count.sum()) + np.repeat(first - before, count)
    return runs


def _months_spent(phase: NDArray[np.int8]) -> Ints:
    """Count the months already spent in the phase at the start of each, shape (month, patient)."""
    spent = np.zeros(phase.shape, int)
    for month in range(1, len(phase)):
        spent[month] = np.where(phase[month] == phase[month - 1], spent[month - 1] + 1, 0)
    return spent
