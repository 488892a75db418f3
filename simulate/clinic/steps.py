"""The steps of a man's way through the clinic, and the ledger of when each was asked for and done.

A step has three times, in days from the opening: ``asked`` (the man begins to wait), ``start`` and
``complete``; NaN where it has not come to that.
"""

from array import array
from math import nan

import numpy as np
from numpy.typing import NDArray

from simulate.hormones import MONTHS

Floats = NDArray[np.float64]

FIRST_VISIT = 0
BASELINE_HORMONES = 1
SEMEN_SAMPLES = (2, 3)
COUNSELLING = 4
MONTH_VISIT = tuple(range(5, 5 + MONTHS))
MONTH_HORMONES = tuple(range(5 + MONTHS, 5 + 2 * MONTHS))
_NEXT = 5 + 2 * MONTHS
SEMEN_CHECK, MICRO_TESE, FREEZING, STIMULATION, OOCYTE_RETRIEVAL, ICSI = range(_NEXT, _NEXT + 6)
#: Transfers and pregnancies alternate from here on.
FIRST_TRANSFER = _NEXT + 6

#: How a man's way ends; the code is the place. Codes below 1 are no end.
ENDS = (
    "on his way",
    "birth",
    "no birth after all transfers",
    "no sperm found",
    "sperm kept frozen",
    "frozen sperm not alive",
    "gave up after a failed transfer",
    "declined the first visit",
    "left the theatre list",
)
(
    ON_HIS_WAY, BIRTH, NO_BIRTH, NO_SPERM, SPERM_KEPT, SPERM_DEAD, GAVE_UP, DECLINED, LEFT_LIST,
) = range(len(ENDS))  # fmt: skip

#: Three-valued findings.
UNKNOWN, NO, YES = -1, 0, 1


def transfer(number: int) -> int:
    """Return the step of an embryo transfer, numbered from 0."""
    return FIRST_TRANSFER + 2 * number


def pregnancy(number: int) -> int:
    """Return the step that follows a transfer: the test, and if pregnant the way to its end."""
    return FIRST_TRANSFER + 2 * number + 1


def step_names(transfers: int) -> tuple[str, ...]:
    """Return the name of every step, the place being its number."""
    months = range(1, MONTHS + 1)
    return (
        "first visit",
        "baseline hormones",
        "semen sample 1",
        "semen sample 2",
        "counselling",
        *(f"visit after month {month}" for month in months),
        *(f"hormones after month {month}" for month in months),
        "semen check",
        "micro-TESE",
        "freezing of sperm",
        "ovarian stimulation",
        "oocyte retrieval",
        "ICSI",
        *(
            f"{what} {number}"
            for number in range(1, transfers + 1)
            for what in ("embryo transfer", "pregnancy")
        ),
    )


class Ledger:
    """What has happened to each man of a run; every column has an entry per man.

    ``rule`` holds, for each month and then the end of therapy, the place of the rule that fired
    in its table, -1 before. ``decided`` is the phase it said (as a code along the regimen's
    phases), ``phase`` the one he is in, which differs once he has broken therapy off.
    ``month_start`` is when the injections of each month begin, ``quarters`` by how many quarters
    of a year the partner is older at ICSI than at referral (0 unless that counts).
    """

    __slots__ = (
        "asked", "born", "complete", "decided", "end", "end_day", "list_number", "month_start",
        "phase", "pregnant", "quarters", "referred", "retrieved", "rule", "seen", "start", "steps",
        "transfers",
    )  # fmt: skip

    def __init__(self, men: int, transfers: int) -> None:
        self.transfers = transfers
        self.steps = step_names(transfers)
        self.asked = [array("d", [nan]) * men for _ in self.steps]
        self.start = [array("d", [nan]) * men for _ in self.steps]
        self.complete = [array("d", [nan]) * men for _ in self.steps]
        self.referred = array("d", [nan]) * men
        self.month_start = [array("d", [nan]) * men for _ in range(MONTHS)]
        self.decided = [array("b", [-1]) * men for _ in range(MONTHS)]
        self.phase = [array("b", [-1]) * men for _ in range(MONTHS)]
        self.rule = [array("b", [-1]) * men for _ in range(MONTHS + 1)]
        self.seen = array("b", [UNKNOWN]) * men
        self.retrieved = array("b", [UNKNOWN]) * men
        self.quarters = array("h", [0]) * men
        self.list_number = array("h", [-1]) * men
        self.pregnant = [array("b", [UNKNOWN]) * men for _ in range(transfers)]
        self.born = [array("b", [UNKNOWN]) * men for _ in range(transfers)]
        self.end = array("b", [ON_HIS_WAY]) * men
        self.end_day = array("d", [nan]) * men


def floats(column: "array[float]") -> Floats:
    """Return a ledger column as an array, without copying."""
    return np.frombuffer(column, np.float64)


def codes(column: "array[int]") -> NDArray[np.int8]:
    """Return a ledger column of codes as an array, without copying."""
    return np.frombuffer(column, np.int8)
