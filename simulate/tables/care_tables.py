"""Tables of theatre and laboratory: operations and ICSI cycles."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.cohort.births import Births, Couples
from simulate.cohort.draw import Cohort
from simulate.cohort.surgery import draw_operations, frozen, sides
from simulate.core.rounding import rounded

#: Counts of a cycle in chronological order, with their meaning.
STAGES = {
    "oocytes": "oocytes retrieved",
    "mii_oocytes": "MII oocytes, injected",
    "two_pronuclear_zygotes": "zygotes with two pronuclei (2PN)",
    "cleavage_stage_embryos": "cleavage-stage embryos",
    "transferable_embryos": "transferable embryos on day 3",
    "blastocysts": "embryos that develop to blastocysts",
}


def operations(cohort: Cohort, r: int, numbers: NDArray[np.int_]) -> pd.DataFrame:
    """List every micro-TESE of a study.

    Testosterone after surgery is relative to the value before therapy, whose effect has ended.
    """
    done = np.flatnonzero(cohort.observed("micro_tese")[r])
    model = cohort.scenario.surgery
    drawn = draw_operations(model, cohort.streams)
    opened = sides(drawn, cohort.observed("sperm_retrieved"))
    kept = cohort.patients.baseline["testosterone_nmol_l"] * drawn.testosterone_kept
    step = cohort.scenario.measurement.rounded_to["testosterone_nmol_l"].value
    return pd.DataFrame(
        {
            "patient_id": numbers[done],
            "day": cohort.surgery_day[r, done],
            "minutes": rounded(drawn.minutes[r, done], 1),
            "testes_opened": opened[r, done].astype(int),
            "complication": drawn.complication[r, done].astype(np.int8),
            "testosterone_after_nmol_l": rounded(kept[r, done], step),
        }
    )


def cycles(
    cohort: Cohort,
    couples: Couples,
    births: tuple[Births, Births],
    r: int,
    numbers: NDArray[np.int_],
) -> pd.DataFrame:
    """List the ICSI cycle of every couple of a study that reached ICSI."""
    done = np.flatnonzero(cohort.in_chosen_arm(births[0].icsi, births[1].icsi)[r])
    testicular = ~cohort.observed("sperm_in_ejaculate")[r, done]
    thawed = frozen(cohort.scenario.surgery, cohort.streams)[r, done] & testicular
    counts = {name: getattr(couples.cycle, name)[r, done].astype(int) for name in STAGES}
    return pd.DataFrame(
        {"patient_id": numbers[done], "sperm_thawed": thawed.astype(np.int8), **counts}
    )
