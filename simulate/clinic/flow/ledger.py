"""What has happened to every patient of a run, kept on disk and read by slices of patients."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.clinic.courses.disk_store import Store
from simulate.clinic.courses.recent_cache import hold
from simulate.clinic.flow.patient_state import Blank, Case
from simulate.clinic.flow.steps import step_names

#: Slices of patients whose columns are held at a time.
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
    """The book of all cases.

    A case is held here while it is under way, and as a record of fixed length once it is closed.
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
        """The empty page on which a case begins."""
        return self._blank

    def open(self, case: Case) -> None:
        """Take a patient in who has been referred."""
        self._under_way[case.number] = case

    def close(self, case: Case) -> None:
        """Write a case down that has come to its end, and let go of it."""
        self._store.put(case.number, self._blank.packed(case))
        del self._under_way[case.number]

    def close_all(self) -> None:
        """Write down the cases still under way."""
        for case in list(self._under_way.values()):
            self.close(case)

    def columns(self, first: int, last: int) -> Columns:
        """Return what has happened to the patients numbered ``first`` up to but not ``last``.

        Once all cases are closed.
        """
        if (first, last) in self._read:
            return self._read[first, last]
        rows = np.frombuffer(bytearray(self._store.get(first, last - first)), self._blank.dtype)
        rows[rows["came"] == 0] = self._blank.row()
        columns = Columns(**{name: rows[name].T for name in Columns.__dataclass_fields__})
        return hold(self._read, (first, last), columns, SLICES_HELD)
