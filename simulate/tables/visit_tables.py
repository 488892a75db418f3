"""Visits: before therapy and at the end of each month, with the hormones measured there."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from protocol.dates import MONTH_DAYS
from simulate.cohort.draw import Cohort
from simulate.core.coding import ASSAYED as ASSAYED  # the hormones of the table
from simulate.core.rounding import rounded
from simulate.hormones.known_values import scenario_hormones
from simulate.hormones.serum import (
    assay_factors,
    estradiol_pmol_l,
    lh_iu_l,
    testosterone_nmol_l,
)
from simulate.hormones.traits import MONTHS
from simulate.tables.study_rows import along, coded, numbers

Floats = NDArray[np.float64]


def visits(cohort: Cohort, r: int) -> pd.DataFrame:
    """Lay out the visits: before therapy for everybody, monthly for those under therapy."""
    baseline = np.stack([cohort.baseline[name][r] for name in ASSAYED])
    measured = np.concatenate([baseline[:, None], _month_ends(cohort, r)], axis=1)
    # Patients who miss every injection or discontinue therapy also attend visits.
    ends = np.arange(MONTHS + 1)[:, None] * MONTH_DAYS
    patient, month = np.nonzero((ends <= cohort.surgery_day[r]).T)
    return pd.DataFrame(
        {
            "patient_id": numbers(cohort)[patient],
            "month": month,
            "day": month * MONTH_DAYS,
            "previous_phase": _previous_phase(cohort, r, patient, month),
            **{name: of[month, patient] for name, of in zip(ASSAYED, measured, strict=True)},
        },
        copy=False,
    )


def _month_ends(cohort: Cohort, r: int) -> Floats:
    """Return measured hormones at the ends of months 1 to 3, shape (hormone, month, patient).

    Hormones that decide have the value that decided. The others vary independently around the true
    value and may be missing (`assay_factors`).
    """
    scenario = cohort.scenario
    share = scenario.measurement.missing_at_visits.value
    deciding = scenario_hormones(scenario)
    sites = cohort.patients.sites
    factors = assay_factors(scenario.physiology, share, cohort.streams, deciding, sites)[:, :, r]
    true = _hormones(cohort, r)
    measured = np.stack([true[name][1:] for name in ASSAYED]) * factors
    measured[ASSAYED.index("fsh_iu_l")] = along(cohort, r, "measured_fsh_iu_l")
    steps = cohort.scenario.measurement.rounded_to
    return np.stack([rounded(m, steps[n].value) for n, m in zip(ASSAYED, measured, strict=True)])


def _hormones(cohort: Cohort, r: int) -> dict[str, Floats]:
    """Return true hormones in the arm that each patient chose, shape (visit, patient)."""
    model, patients, traits = cohort.scenario.physiology, cohort.patients, cohort.traits
    ways = []
    for path in cohort.paths:
        testosterone = testosterone_nmol_l(model, patients, traits, path.course)
        ways.append(
            {
                "lh_iu_l": lh_iu_l(model, patients, traits, path.course)[:, r],
                "fsh_iu_l": path.course.fsh_iu_l[:, r],
                "testosterone_nmol_l": testosterone[:, r],
                "estradiol_pmol_l": estradiol_pmol_l(model, patients, testosterone)[:, r],
            }
        )
    return {
        name: np.where(cohort.gonadotropin_therapy[r], ways[1][name], ways[0][name])
        for name in ways[0]
    }


def _previous_phase(
    cohort: Cohort, r: int, patient: NDArray[np.int_], month: NDArray[np.int_]
) -> pd.Categorical:
    """Return the phase of the month that ends with each visit; none before therapy."""
    names: list[str | None] = [None]
    ways = []
    for path in cohort.paths:
        ways.append(path.course.phase[:, r] + np.int16(len(names)))
        names += [phase.name for phase in path.course.regimen.phases]
    chosen = np.where(cohort.gonadotropin_therapy[r], ways[1], ways[0])
    codes = np.concatenate([np.zeros_like(chosen[:1]), chosen])
    return coded(names, codes[month, patient])
