"""The ledger of a run: the events of every patient, stored on disk and read in slices."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.clinic.courses.disk_store import Store
from simulate.clinic.courses.recent_cache import hold
from simulate.clinic.flow.patient_state import Blank, Case
from simulate.clinic.flow.steps import step_names

#: Number of slices of patients cached.
SLICES_HELD = 4

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Columns:
    """The ledger of some patients: the fields of `Case` with a last axis of patients.

    A patient who has not been referred is blank: times NaN, codes -1, the end `UNDER_WAY`.
    """

    asked: Floats
    start: Floats
    complete: Floats
    month_start: Floats
    referred: Floats
    end_day: Floats
    decided: Codes
    phase: Codes
    rule: Codes
    pregnant: Codes
    born: Codes
    seen: Codes
    retrieved: Codes
    quarters: NDArray[np.int16]
    list_number: NDArray[np.int16]
    end: Codes


class Ledger:
    """The ledger of all cases.

    A case is an object while it is open, and a record of fixed length once it is closed.
    """

    __slots__ = ("_blank", "_read", "_store", "_under_way", "steps", "transfers")

    def __init__(self, transfers: int) -> None:
        self.transfers = transfers
        self.steps = step_names(transfers)
        self._blank = Blank(transfers)
        self._store = Store(self._blank.dtype.itemsize)
        self._under_way: dict[int, Case] = {}
        self._read: dict[tuple[int, int], Columns] = {}

    @property
    def blank(self) -> Blank:
        """The empty record with which a case begins."""
        return self._blank

    def open(self, case: Case) -> None:
        """Open the case of a patient who has been referred."""
        self._under_way[case.number] = case

    def close(self, case: Case) -> None:
        """Store and release a case that has ended."""
        self._store.put(case.number, self._blank.packed(case))
        del self._under_way[case.number]

    def close_all(self) -> None:
        """Store the cases that are still open."""
        for case in list(self._under_way.values()):
            self.close(case)

    def columns(self, first: int, last: int) -> Columns:
        """Return the events of the patients numbered from ``first`` to ``last`` - 1.

        Once all cases are closed.
        """
        if (first, last) in self._read:
            return self._read[first, last]
        rows = np.frombuffer(bytearray(self._store.get(first, last - first)), self._blank.dtype)
        rows[rows["came"] == 0] = self._blank.row()
        columns = Columns(**{name: rows[name].T for name in Columns.__dataclass_fields__})
        return hold(self._read, (first, last), columns, SLICES_HELD)
