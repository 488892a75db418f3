"""The monthly course of therapy."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocol.regimen.rules import Regimen

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Course:
    """Course of therapy; arrays of shape (replicate, patient) or (month, replicate, patient).

    Attributes
    ----------
    regimen
        The regimen followed.
    phase
        Phase of months 1 to 3, as codes along ``regimen.phases``.
    stimulus
        Pituitary suppression at the start and at the end of months 1 to 3 (four entries), from 0 to
        1 at the steady state of the reference dose.
    leydig_activity
        Response of the Leydig cells to hCG at the same four times, from 0 to 1 at the peak of the
        reference dose.
    fsh_iu_l
        True serum FSH in IU/L, uFSH included, when blood is drawn for the same four times.
    measured_fsh_iu_l
        Result reported at the end of months 1 to 3.
    known
        For each measured input of a phase table, the value that counts for the decision of
        months 1 to 3, in the input's unit; NaN: no result counts. Empty unless requested.
    share_treated
        Proportion of the three months with injections, each weighted by the proportion taken.
    fsh_normalised
        Whether FSH was measured within the normal range at the end of any month.
    completed
        Whether every month of the regimen was completed.
    missed
        Days of therapy on which a due injection would be missed, shape (day, replicate, patient);
        None: none.
    """

    regimen: Regimen
    phase: Codes
    stimulus: Floats
    leydig_activity: Floats
    fsh_iu_l: Floats
    measured_fsh_iu_l: Floats
    known: Mapping[str, Floats]
    share_treated: Floats
    fsh_normalised: Flags
    completed: Flags
    missed: Flags | None
