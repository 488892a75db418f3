"""Tables of the clinic as of a given day: those of `study_tables`, from the ledger.

Days in the tables count from each patient's referral, 0. Events after the given day have no row;
values not yet known are empty.
"""

from math import inf

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.clinic.flow import steps
from simulate.clinic.flow.run_clinic import Run
from simulate.clinic.records.care_records import (
    procedures,
    recorded_cycles,
    recorded_operations,
    transfers,
)
from simulate.clinic.records.state_on_day import Seen, by_phases, injection_times, views
from simulate.cohort.births import births_of
from simulate.core.coding import BASELINE, DIAGNOSES
from simulate.core.rounding import rounded
from simulate.hormones.course import Course
from simulate.hormones.known_values import scenario_hormones
from simulate.hormones.serum import (
    assay_factors,
    estradiol_pmol_l,
    lh_iu_l,
    testosterone_nmol_l,
)
from simulate.hormones.traits import MONTHS
from simulate.tables.study_rows import words_as_objects
from simulate.tables.study_tables import ASSAYED, COLUMNS, in_order, site_names, truth_rows
from simulate.tables.user_columns import user_columns

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Tables = dict[str, pd.DataFrame]


def clinic_tables(run: Run, day: float = inf, first: int = 0, last: int | None = None) -> Tables:
    """Return every table of `tables.study_tables` but the truth, as known at the end of ``day``.

    Parameters as in `simulate.clinic.records.state_on_day.views`.
    """
    parts = [tables_of(seen) for seen in views(run, day, first, last)]
    if len(parts) == 1:
        return parts[0]
    return {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in COLUMNS
            if name in parts[0]}  # fmt: skip


def tables_of(seen: Seen) -> Tables:
    """Return every table except the truth, for the selected patients."""
    parts = {
        "patients": _patients(seen),
        "visits": _visits(seen),
        "injections": _injections(seen),
        "procedures": procedures(seen),
        "operations": recorded_operations(seen),
        "cycles": recorded_cycles(seen),
        "transfers": transfers(seen),
    }
    return {name: words_as_objects(in_order(table, COLUMNS[name])) for name, table in parts.items()}


def truth_of(seen: Seen) -> pd.DataFrame:
    """Return the unobservable quantities of the selected patients.

    Potential outcomes are those without any waiting, as in `pretese simulate`.
    """
    cohort = seen.courses.cohort
    rows = truth_rows(cohort, births_of(cohort)).iloc[seen.patients]
    return words_as_objects(rows.reset_index(drop=True))


def _patients(seen: Seen) -> pd.DataFrame:
    patients, columns, rules = seen.patients, seen.columns, seen.run.rules
    courses, cohort = seen.courses, seen.courses.cohort
    gonadotropin_therapy = cohort.gonadotropin_therapy[0][patients].astype(np.int8)
    chose = seen.chose()
    regimens = np.array([each.regimen.id for each in rules])
    planned = np.array([each.regimen.months for each in rules])[gonadotropin_therapy]
    completed = courses.months[patients] >= planned
    through = chose & np.choose(planned, [True, *map(seen.done, steps.MONTH_HORMONES)])
    heard_of = courses.couples().heard_of[0, patients]
    started = seen.started(steps.MICRO_TESE)
    operated = seen.done(steps.MICRO_TESE)
    icsi = seen.done(steps.ICSI)
    born = columns.end[patients] == steps.BIRTH
    added = user_columns(cohort, 0, outcomes=False)
    return pd.DataFrame(
        {
            "patient_id": seen.numbers(patients),
            **site_names(cohort.patients, 0, patients),
            "diagnosis": np.array(DIAGNOSES)[cohort.patients.diagnosis[0][patients]],
            **_baseline(seen),
            "partner_age_years": rounded(cohort.patients.partner_age_years[0][patients], 1),
            "enrolled_day": np.floor(columns.referred[patients]).astype(int),
            "gonadotropin_therapy": _whole(gonadotropin_therapy, chose),
            "regimen": pd.Series(regimens[gonadotropin_therapy]).where(pd.Series(chose)),
            "completed": _whole(completed.astype(np.int8), through),
            "sperm_in_ejaculate": _known(columns.seen[patients], seen.done(steps.SEMEN_ANALYSIS)),
            "micro_tese": started.astype(np.int8),
            "sperm_retrieved": _known(columns.retrieved[patients], operated),
            "icsi": icsi.astype(np.int8),
            "live_birth": _known(born, icsi & seen.ended() & heard_of),
            **{name: values[patients] for name, values in added.items()},
        }
    )


def _baseline(seen: Seen) -> dict[str, Floats]:
    """Return values before therapy; hormones are empty until they are reported."""
    patients, tested = seen.patients, seen.done(steps.BASELINE_HORMONES)
    return {
        name: np.where(tested, values[0][patients], np.nan)
        if name in ASSAYED
        else values[0][patients]
        for name, values in seen.courses.cohort.baseline.items()
        if name in BASELINE
    }


def _whole(values: NDArray[np.int8], known: Flags) -> pd.Series:
    """Return integers, of a nullable type only if some are not known yet."""
    return pd.Series(values) if known.all() else _known(values, known)


def _known(values: NDArray[np.generic], known: Flags) -> pd.Series:
    return pd.Series(pd.arrays.IntegerArray(values.astype(np.int8), ~known))


def _visits(seen: Seen) -> pd.DataFrame:
    """Lay out the visits in the order of patients and months; hormones are empty until reported."""
    courses, columns = seen.courses, seen.columns
    blocks = [_first_visits(seen)]
    ends = _month_ends(seen)
    phase_names, gonadotropin_therapy = _phase_names(seen.run), courses.gonadotropin_therapy
    for month in range(MONTHS):
        begun = columns.start[steps.MONTH_VISIT[month]]
        patients = seen.by_now(begun)
        reported = columns.complete[steps.MONTH_HORMONES[month]][patients] <= seen.day
        blocks.append(
            pd.DataFrame(
                {
                    "patient_id": seen.numbers(patients),
                    "month": month + 1,
                    "day": seen.since_referral(begun[patients], patients),
                    "previous_phase": phase_names[
                        gonadotropin_therapy[patients], columns.phase[month][patients]
                    ],
                    **{
                        name: np.where(reported, ends[which, month][patients], np.nan)
                        for which, name in enumerate(ASSAYED)
                    },
                }
            )
        )
    table = pd.concat(blocks, ignore_index=True)
    return table.sort_values(["patient_id", "month"], ignore_index=True)


def _first_visits(seen: Seen) -> pd.DataFrame:
    cohort, columns = seen.courses.cohort, seen.columns
    begun = columns.start[steps.FIRST_VISIT]
    patients = seen.by_now(begun)
    reported = columns.complete[steps.BASELINE_HORMONES][patients] <= seen.day
    return pd.DataFrame(
        {
            "patient_id": seen.numbers(patients),
            "month": 0,
            "day": seen.since_referral(begun[patients], patients),
            "previous_phase": np.full(len(patients), None),
            **{
                name: np.where(reported, cohort.baseline[name][0][patients], np.nan)
                for name in ASSAYED
            },
        }
    )


def _phase_names(run: Run) -> NDArray[np.object_]:
    """Return names of phases by arm and code."""
    most = max(len(rules.regimen.phases) for rules in run.rules)
    names = np.full((len(run.rules), most), "", object)
    for arm, rules in enumerate(run.rules):
        for phase in rules.regimen.phases:
            names[arm, phase.code] = phase.name
    return names


def _month_ends(seen: Seen) -> Floats:
    """Return measured hormones at the ends of months along each patient's own phases.

    Shape (hormone, month, patient). Hormones that decide have the value that decided; the others
    vary and are missing as in the cohort's table of visits.
    """
    cohort = seen.courses.cohort
    share = cohort.scenario.measurement.missing_at_visits.value
    deciding = scenario_hormones(cohort.scenario)
    factors = assay_factors(
        cohort.scenario.physiology, share, cohort.streams, deciding, cohort.patients.sites
    )[:, :, 0]
    steps_of = [cohort.scenario.measurement.rounded_to[name].value for name in ASSAYED]
    ends = np.full((len(ASSAYED), MONTHS, cohort.gonadotropin_therapy.shape[1]), np.nan)
    for patients, phases, arm in by_phases(seen):
        course = seen.courses.outcomes[arm][phases].course
        true = _true_hormones(seen, course)
        for which, name in enumerate(ASSAYED):
            values = true[name][1:, 0][:, patients] * factors[which][:, patients]
            if name == "fsh_iu_l":
                values = course.measured_fsh_iu_l[:, 0][:, patients]
            ends[which][:, patients] = rounded(values, steps_of[which])
    return ends


def _true_hormones(seen: Seen, course: Course) -> dict[str, Floats]:
    cohort = seen.courses.cohort
    model, patients, traits = cohort.scenario.physiology, cohort.patients, cohort.traits
    testosterone = testosterone_nmol_l(model, patients, traits, course)
    return {
        "lh_iu_l": lh_iu_l(model, patients, traits, course),
        "fsh_iu_l": course.fsh_iu_l,
        "testosterone_nmol_l": testosterone,
        "estradiol_pmol_l": estradiol_pmol_l(model, patients, testosterone),
    }


def _injections(seen: Seen) -> pd.DataFrame:
    drugs, doses, patients, times = [], [], [], []
    for drug, dose_iu, _, who, when in injection_times(seen):
        drugs.append(np.full(len(who), drug, object))
        doses.append(np.full(len(who), dose_iu))
        patients.append(who)
        times.append(when)
    if not patients:
        kinds = {"patient_id": int, "day": int, "drug": object, "dose_iu": float}
        return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in kinds.items()})
    who = np.concatenate(patients)
    table = pd.DataFrame(
        {
            "patient_id": seen.numbers(who),
            "day": seen.since_referral(np.concatenate(times), who),
            "drug": np.concatenate(drugs),
            "dose_iu": np.concatenate(doses),
        }
    )
    return table.sort_values(["patient_id", "day", "drug"], ignore_index=True)
