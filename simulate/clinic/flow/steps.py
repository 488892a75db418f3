"""The numbered steps of a patient's pathway through the clinic, and its possible ends.

A step has three times, in days from the opening: ``asked`` (the patient begins to wait), ``start``
and ``complete``.
"""

from simulate.hormones.traits import MONTHS

FIRST_VISIT = 0
BASELINE_HORMONES = 1
SEMEN_SAMPLES = (2, 3)
COUNSELLING = 4
MONTH_VISIT = tuple(range(5, 5 + MONTHS))
MONTH_HORMONES = tuple(range(5 + MONTHS, 5 + 2 * MONTHS))
_NEXT = 5 + 2 * MONTHS
SEMEN_ANALYSIS, MICRO_TESE, FREEZING, STIMULATION, OOCYTE_RETRIEVAL, ICSI = range(_NEXT, _NEXT + 6)
#: Transfers and pregnancies alternate from here on.
FIRST_TRANSFER = _NEXT + 6

#: Ends of a patient's pathway; the code is the position. Codes below 1 are not an end.
ENDS = (
    "under way",
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
    UNDER_WAY, BIRTH, NO_BIRTH, NO_SPERM, SPERM_KEPT, SPERM_DEAD, GAVE_UP, DECLINED, LEFT_LIST,
) = range(len(ENDS))  # fmt: skip

#: Three-valued findings.
UNKNOWN, NO, YES = -1, 0, 1


def transfer(number: int) -> int:
    """Return the step of an embryo transfer, numbered from 0."""
    return FIRST_TRANSFER + 2 * number


def pregnancy(number: int) -> int:
    """Return the step that follows a transfer: the test and, if positive, the pregnancy."""
    return FIRST_TRANSFER + 2 * number + 1


def step_names(transfers: int) -> tuple[str, ...]:
    """Return the names of the steps, in order of number."""
    months = range(1, MONTHS + 1)
    return (
        "first visit",
        "baseline hormones",
        "semen sample 1",
        "semen sample 2",
        "counselling",
        *(f"visit after month {month}" for month in months),
        *(f"hormones after month {month}" for month in months),
        "semen analysis",
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
