"""The state of a patient in the clinic: the potential course and the events so far."""

import struct
from array import array
from math import nan

import numpy as np
from numpy.typing import NDArray

from simulate.clinic.courses.batches import Batch
from simulate.clinic.courses.decisions import Rules
from simulate.clinic.flow.steps import UNDER_WAY, UNKNOWN, step_names
from simulate.hormones.traits import MONTHS


class Case:
    """One patient between referral and end; written by the clinic, stored by `Ledger`.

    Attributes
    ----------
    number
        Number of the patient in the study, from 0.
    asked, start, complete
        Days from the opening of each step of `flow.steps`; NaN if not reached.
    month_start
        Start of the injections of each month.
    decided, phase
        For each month the phase that the table gave and the actual phase, as codes along the
        regimen's phases; they differ after the patient has discontinued therapy. -1 before.
    rule
        For each month and then the end of therapy, the position of the rule that fired in its
        table.
    quarters
        Quarters of a year by which the partner is older at ICSI than at referral (0 unless
        modelled).
    """

    __slots__ = (
        "asked",
        "batch",
        "born",
        "complete",
        "decided",
        "end",
        "end_day",
        "list_number",
        "month_start",
        "number",
        "phase",
        "pregnant",
        "quarters",
        "referred",
        "retrieved",
        "rule",
        "rules",
        "seen",
        "start",
    )  # fmt: skip

    def __init__(self, number: int, batch: Batch, rules: Rules, blank: "Blank", now: float) -> None:
        self.number, self.batch, self.rules = number, batch, rules
        self.asked, self.start, self.complete = blank.steps[:], blank.steps[:], blank.steps[:]
        self.month_start = blank.months[:]
        self.decided, self.phase, self.rule = blank.decided[:], blank.decided[:], blank.rule[:]
        self.pregnant, self.born = blank.tries[:], blank.tries[:]
        self.seen = self.retrieved = UNKNOWN
        self.quarters, self.list_number = 0, -1
        self.end, self.end_day = UNDER_WAY, nan
        self.referred = now


class Blank:
    """An empty record, and the layout of a case as a record of fixed length."""

    __slots__ = ("_codes", "_findings", "decided", "dtype", "months", "rule", "steps", "tries")

    def __init__(self, transfers: int) -> None:
        steps = len(step_names(transfers))
        # Bytes, because the garbage collector need not track them; -1 is 255.
        self.decided, self.rule = bytearray(b"\xff" * MONTHS), bytearray(b"\xff" * (MONTHS + 1))
        self.tries = bytearray(b"\xff" * transfers)
        self.steps = array("d", [nan]) * steps
        self.months = array("d", [nan]) * MONTHS
        codes = {
            "decided": MONTHS, "phase": MONTHS, "rule": MONTHS + 1, "pregnant": transfers,
            "born": transfers, "seen": 1, "retrieved": 1, "end": 1, "came": 1,
        }  # fmt: skip
        lists = {"decided", "phase", "rule", "pregnant", "born"}
        times = {"asked": steps, "start": steps, "complete": steps, "month_start": MONTHS}
        self.dtype = np.dtype(
            [(name, np.float64, (width,)) for name, width in times.items()]
            + [("referred", np.float64), ("end_day", np.float64)]
            + [("quarters", np.int16), ("list_number", np.int16)]
            + [(name, np.int8, (width,) if name in lists else ()) for name, width in codes.items()]
        )
        self._codes = struct.Struct("=ddhh")
        self._findings = struct.Struct("=bbbb")

    def row(self) -> NDArray[np.void]:
        """Return the record of a patient who has not been referred."""
        row = np.full((), -1, self.dtype)
        for name in self.dtype.names or ():
            if self.dtype[name].base.kind == "f":
                row[name] = nan
        row["quarters"], row["end"], row["came"] = 0, UNDER_WAY, False
        return row

    def packed(self, case: Case) -> bytes:
        """Return a case as a record."""
        return b"".join(
            (
                case.asked.tobytes(), case.start.tobytes(), case.complete.tobytes(),
                case.month_start.tobytes(),
                self._codes.pack(case.referred, case.end_day, case.quarters, case.list_number),
                case.decided, case.phase, case.rule, case.pregnant, case.born,
                self._findings.pack(case.seen, case.retrieved, case.end, True),
            )
        )  # fmt: skip
