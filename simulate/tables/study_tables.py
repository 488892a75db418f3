"""One study as tidy tables, as exported by a clinic, with the truth in separate tables.

Days count from 0, the day a patient is enrolled; months from 1, of 30 days each. Only events that
occurred have a row; unknown values are empty. The type of a column shows its content: int8 (Int8 if
some are unknown) for a 0/1 flag, other integers for a count, floats for a number, objects for text.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.cohort.births import Births, Couples, births_along, couples_of
from simulate.cohort.draw import Cohort
from simulate.core.coding import ARMS, BASELINE, DIAGNOSES
from simulate.core.rounding import rounded
from simulate.endpoints import ENDPOINTS, potential_outcomes
from simulate.hormones.serum import intratesticular_testosterone_ng_ml
from simulate.patients.baseline import Patients, recruitment_day
from simulate.patients.therapy_choice import STEP
from simulate.tables.care_tables import cycles, operations
from simulate.tables.clinic_dates import on_clinic_dates
from simulate.tables.injection_tables import injections
from simulate.tables.study_rows import along, coded, numbers, words_as_objects
from simulate.tables.table_columns import (
    COLUMNS as COLUMNS,  # the tables and their columns go together
)
from simulate.tables.table_columns import OPTIONAL as OPTIONAL
from simulate.tables.table_columns import PATIENT as PATIENT
from simulate.tables.table_columns import SITE as SITE
from simulate.tables.table_columns import Column as Column
from simulate.tables.table_columns import columns_of as columns_of
from simulate.tables.table_columns import dictionary as dictionary
from simulate.tables.user_columns import user_columns, user_truth
from simulate.tables.visit_tables import ASSAYED as ASSAYED
from simulate.tables.visit_tables import visits
from simulate.truth import BY_SPERM, BY_SURGERY, principal_strata

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]


def tables(
    cohort: Cohort, replicate: int = 0, *, exact_days: bool = True, coded_words: bool = False
) -> dict[str, pd.DataFrame]:
    """Return every table of one study of a cohort, ``replicate`` counted from 0 in the cohort.

    With ``exact_days`` all events are on the days of the regimen; otherwise on the dates of a
    clinic (`simulate.tables.clinic_dates`), if the scenario has dates. With ``coded_words`` columns
    of words are categorical: smaller, and written faster.
    """
    couples = couples_of(cohort)
    untreated, treated = (births_along(couples, path) for path in cohort.paths)
    births = untreated, treated
    patients = _patients(cohort, births, couples, replicate)
    ids = numbers(cohort)
    parts = {
        "patients": patients,
        "visits": visits(cohort, replicate),
        "injections": injections(cohort, replicate),
        "procedures": _procedures(cohort, patients, replicate),
        "operations": operations(cohort, replicate, ids),
        "cycles": cycles(cohort, couples, births, replicate, ids),
        "transfers": _transfers(cohort, births, couples, replicate),
        "truth": truth_rows(cohort, births, replicate),
    }
    if not exact_days and cohort.scenario.dates is not None:
        parts = on_clinic_dates(parts, cohort, cohort.scenario.dates, replicate)
    listed = {name: in_order(table, COLUMNS[name]) for name, table in parts.items()}
    if coded_words:
        return listed
    return {name: words_as_objects(table) for name, table in listed.items()}


def in_order(table: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """Return the columns of a table in their order, without those that this study lacks.

    User-defined columns, which are not listed, stand last.
    """
    names = [each.name for each in columns if each not in OPTIONAL or each.name in table]
    names += [name for name in table.columns if name not in names]
    return table if list(table.columns) == names else table.loc[:, names]


def site_names(
    patients: Patients, r: int, who: slice | Ints = slice(None)
) -> dict[str, pd.Categorical]:
    """Return the column of sites of some patients; none in a single hospital."""
    if patients.sites is None:
        return {}
    return {SITE.name: coded(list(patients.sites.sites), patients.sites.code[r, who])}


def _patients(
    cohort: Cohort, births: tuple[Births, Births], couples: Couples, r: int
) -> pd.DataFrame:
    checked = np.array([cohort.scenario.arms[arm].semen_analysis for arm in ARMS])
    operated = cohort.observed("micro_tese")[r]
    icsi = cohort.in_chosen_arm(births[0].icsi, births[1].icsi)[r]
    delivered = cohort.in_chosen_arm(births[0].delivered, births[1].delivered)[r]
    regimens = [path.course.regimen.id for path in cohort.paths]
    gonadotropin_therapy = cohort.gonadotropin_therapy[r].astype(np.int8)
    return pd.DataFrame(
        {
            "patient_id": numbers(cohort),
            **site_names(cohort.patients, r),
            "diagnosis": coded(DIAGNOSES, cohort.patients.diagnosis[r]),
            **{name: cohort.baseline[name][r] for name in BASELINE},
            "partner_age_years": rounded(cohort.patients.partner_age_years[r], 1),
            "enrolled_day": _days_of_enrolment(cohort)[r].astype(int),
            "gonadotropin_therapy": gonadotropin_therapy,
            "regimen": coded(regimens, gonadotropin_therapy),
            "completed": along(cohort, r, "completed").astype(np.int8),
            "sperm_in_ejaculate": _known(
                cohort.observed("sperm_in_ejaculate")[r], checked[gonadotropin_therapy]
            ),
            "micro_tese": operated.astype(np.int8),
            "sperm_retrieved": _known(cohort.observed("sperm_retrieved")[r], operated),
            "icsi": icsi.astype(np.int8),
            "live_birth": _known(delivered, icsi & couples.heard_of[r]),
            **user_columns(cohort, r),
        }
    )


def _known(flags: NDArray[np.bool_], known: NDArray[np.bool_]) -> pd.Series:
    return pd.Series(pd.arrays.IntegerArray(flags.astype(np.int8), ~known))


#: Procedures in chronological order, and the results of a search for sperm and of ICSI.
PROCEDURES = ("semen analysis", "micro-TESE", "ICSI")
FOUND = ("no sperm", "sperm")
SOURCES = ("testicular sperm", "ejaculated sperm")


def _procedures(cohort: Cohort, patients: pd.DataFrame, r: int) -> pd.DataFrame:
    """List the procedures on the last day of therapy (without therapy, the day of enrolment)."""
    seen, in_chosen_arm = (
        patients[name].to_numpy(int, na_value=0)
        for name in ("sperm_in_ejaculate", "sperm_retrieved")
    )
    checked = patients["sperm_in_ejaculate"].notna()
    done = np.stack([checked, patients["micro_tese"] == 1, patients["icsi"] == 1], axis=1)
    results = np.stack([seen, in_chosen_arm, len(FOUND) + seen], axis=1)
    patient, which = np.nonzero(done)
    return pd.DataFrame(
        {
            "patient_id": numbers(cohort)[patient],
            "day": cohort.surgery_day[r, patient],
            "procedure": coded(PROCEDURES, which),
            "result": coded((*FOUND, *SOURCES), results[patient, which]),
        }
    )


def _transfers(
    cohort: Cohort, births: tuple[Births, Births], couples: Couples, r: int
) -> pd.DataFrame:
    gonadotropin_therapy = cohort.gonadotropin_therapy[r][:, None]

    def in_chosen_arm(name: str) -> NDArray[np.bool_]:
        untreated, treated = (getattr(each, name)[r] for each in births)
        flags: NDArray[np.bool_] = np.where(gonadotropin_therapy, treated, untreated)
        return flags

    patient, order = np.nonzero(in_chosen_arm("transferred"))
    return pd.DataFrame(
        {
            "patient_id": numbers(cohort)[patient],
            "order": order + 1,
            "embryos": couples.cycle.transferred_at(order, (r, patient)).astype(int),
            "biochemical_pregnancy": in_chosen_arm("biochemical_pregnancy")[patient, order].astype(
                np.int8
            ),
            "clinical_pregnancy": in_chosen_arm("clinical_pregnancy")[patient, order].astype(
                np.int8
            ),
            "live_birth": in_chosen_arm("live_birth")[patient, order].astype(np.int8),
        }
    )


def truth_rows(cohort: Cohort, births: tuple[Births, Births], r: int = 0) -> pd.DataFrame:
    """Return the unobservable quantities of each patient of a study."""
    outcomes = {
        f"{name}_{arm}": reached[r].astype(np.int8)
        for name in ENDPOINTS
        for arm, reached in zip(ARMS, potential_outcomes(cohort, name, births), strict=True)
    }
    strata = principal_strata(cohort)
    return pd.DataFrame(
        {
            "patient_id": numbers(cohort),
            "propensity": cohort.propensity[r],
            "spermatogenic_liability": cohort.spermatogenic_liability[r],
            "stratum_by_surgery": _stratum(strata, BY_SURGERY, r),
            "stratum_by_sperm": _stratum(strata, BY_SPERM, r),
            **outcomes,
            **_exact_values(cohort, r),
            **user_truth(cohort, r),
        }
    )


def _exact_values(cohort: Cohort, r: int) -> dict[str, Floats]:
    """Return the true values hidden by rounding, missing values and biology."""
    exact = {**cohort.patients.baseline, "partner_age_years": cohort.patients.partner_age_years}
    before, after = (
        intratesticular_testosterone_ng_ml(
            cohort.scenario.physiology,
            cohort.streams,
            np.where(
                cohort.gonadotropin_therapy,
                *(path.course.leydig_activity[month] for path in reversed(cohort.paths)),
            ),
        )[r]
        for month in (0, -1)
    )
    return {
        **{f"{name}_exact": rounded(values[r], STEP) for name, values in exact.items()},
        "itt_before_ng_ml": rounded(before, STEP),
        "itt_after_ng_ml": rounded(after, STEP),
    }


def _stratum(
    strata: dict[str, NDArray[np.bool_]], names: tuple[str, ...], r: int
) -> pd.Categorical:
    return coded(names, np.select([strata[name][r] for name in names], range(len(names))))


def _days_of_enrolment(cohort: Cohort) -> Floats:
    return recruitment_day(cohort.scenario.population, cohort.streams)
