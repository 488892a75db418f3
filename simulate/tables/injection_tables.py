"""Injections of each patient, from the regimen's calendar and the phases of the months."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.cohort.draw import Cohort
from simulate.core.coding import ARMS
from simulate.hormones.decision_lookup import MONTH_DAYS, dose_calendar
from simulate.hormones.traits import MONTHS
from simulate.tables.study_rows import numbers, words

Ints = NDArray[np.int_]


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
    calendar = dose_calendar(course.regimen)
    phase = course.phase[:, r][:, mine]
    spent = _months_spent(phase)
    begun = np.arange(len(phase))[:, None] - spent
    # phase, month of its begin, month in phase, day, drug
    order = np.nonzero(calendar.swapaxes(3, 4))
    longest = calendar.shape[1] - 1
    place = (phase, np.minimum(begun, longest), np.minimum(spent, longest))
    cell = np.ravel_multi_index(place, calendar.shape[:3]).T.ravel()
    row, of = _rows_of_cells(np.ravel_multi_index(order[:3], calendar.shape[:3]), cell)
    patient, month = np.divmod(of, MONTHS)
    day = order[3][row] + month * MONTH_DAYS
    if course.missed is not None:
        given = ~course.missed[day, r, mine[patient]]
        row, patient, day = row[given], patient[given], day[given]
    return pd.DataFrame(
        {
            "patient_id": numbers(cohort)[mine[patient]],
            "day": day,
            "drug": words(list(course.regimen.drugs))[order[4][row]],
            "dose_iu": calendar[(*order[:3], order[4], order[3])][row],
        }
    )


def _rows_of_cells(listed: Ints, cell: Ints) -> tuple[Ints, Ints]:
    """Look up, for every element of ``cell``, the rows of a list that is sorted by cell.

    Returns
    -------
    The rows, one element after another, and for each the element it belongs to.

    Examples
    --------
    >>> rows, element = _rows_of_cells(np.array([0, 0, 2]), np.array([2, 0, 1]))
    >>> rows.tolist(), element.tolist()
    ([2, 0, 1], [0, 1, 1])
    """
    first = np.searchsorted(listed, cell)
    count = np.searchsorted(listed, cell, side="right") - first
    element = np.repeat(np.arange(len(cell)), count)
    before = np.cumsum(count) - count
    return np.arange(len(element)) + (first - before)[element], element


def _months_spent(phase: NDArray[np.int8]) -> Ints:
    """Count the months already spent in the phase at the start of each, shape (month, patient)."""
    spent = np.zeros(phase.shape, int)
    for month in range(1, len(phase)):
        spent[month] = np.where(phase[month] == phase[month - 1], spent[month - 1] + 1, 0)
    return spent
