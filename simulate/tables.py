"""One study as the tidy tables a clinic would export, and the truth apart from them.

Days count from 0, the day a man is enrolled; months from 1, of 30 days each. Only what happened
has a row; what is not known is empty. The type of an array says what its column holds: int8 (Int8
where some are unknown) a 0/1 flag, other integers a count, floats a number, objects words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.care_tables import STAGES, cycles, operations
from simulate.cohort import Cohort
from simulate.fertility import Births, Couples, births_along, couples_of
from simulate.hormones import MONTHS
from simulate.lookup import MONTH_DAYS, dose_calendar
from simulate.measurement import rounded
from simulate.nouns import ARMS, BASELINE, DIAGNOSES
from simulate.population import recruitment_day
from simulate.therapy import estradiol_pmol_l, lh_iu_l, testosterone_nmol_l
from simulate.truth import BY_SPERM, BY_SURGERY, principal_strata

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]


@dataclass(frozen=True, slots=True)
class Column:
    """What a column holds: its unit (UCUM; "" for codes) and a sentence."""

    name: str
    unit: str
    meaning: str


def _baseline_columns() -> tuple[Column, ...]:
    units = ("a", "a", "kg/m2", "mL", "[IU]/L", "[IU]/L", "nmol/L", "pmol/L", "ng/mL")
    words = (
        "age at enrolment",
        "duration of infertility",
        "body mass index",
        "mean volume of the two testes",
        "serum LH before therapy; empty if not measured",
        "serum FSH before therapy; empty if not measured",
        "serum total testosterone before therapy; empty if not measured",
        "serum estradiol before therapy; empty if not measured",
        "serum prolactin before therapy; empty if not measured",
    )
    return tuple(Column(*each) for each in zip(BASELINE, units, words, strict=True))


PATIENT = Column("patient_id", "", "number of the man in his study, from 1")

#: Every table of a study with its columns in order: the data dictionary.
COLUMNS: dict[str, tuple[Column, ...]] = {
    "patients": (
        PATIENT,
        Column("diagnosis", "", f"cause of azoospermia: {', '.join(DIAGNOSES)}"),
        *_baseline_columns(),
        Column("partner_age_years", "a", "age of the partner at enrolment"),
        Column("enrolled_day", "d", "day on which he was enrolled, from 0, the first of the study"),
        Column("gn", "", "1 if he chose gonadotropins, else 0"),
        Column("regimen", "", "regimen he followed"),
        Column("completed", "", "1 if he went through all of its months"),
        Column("sperm_in_ejaculate", "", "1/0 at the semen check after therapy; empty: no check"),
        Column("micro_tese", "", "1 if he was operated on"),
        Column("sperm_retrieved", "", "1/0 at micro-TESE; empty if not operated on"),
        Column("icsi", "", "1 if the couple reached ICSI"),
        Column("live_birth", "", "1/0 delivery of a live child; empty without ICSI or if unknown"),
    ),
    "visits": (
        PATIENT,
        Column("month", "mo", "months of therapy behind him: 0, and 1 to 3 under therapy"),
        Column("day", "d", "day of the visit"),
        Column("phase_before", "", "phase of the month that ends; empty at month 0"),
        Column("lh_iu_l", "[IU]/L", "measured serum LH"),
        Column(
            "fsh_iu_l", "[IU]/L", "measured serum FSH with what was injected; empty if not measured"
        ),
        Column("testosterone_nmol_l", "nmol/L", "measured serum total testosterone"),
        Column("estradiol_pmol_l", "pmol/L", "measured serum estradiol"),
    ),
    "injections": (
        PATIENT,
        Column("day", "d", "day of the injection"),
        Column("drug", "", "hcg or ufsh"),
        Column("dose_iu", "[IU]", "dose injected"),
    ),
    "procedures": (
        PATIENT,
        Column("day", "d", "day of the procedure"),
        Column("procedure", "", "semen analysis, micro-TESE or ICSI"),
        Column("result", "", "what was found; at ICSI the source of the sperm"),
    ),
    "operations": (
        PATIENT,
        Column("day", "d", "day of micro-TESE"),
        Column("minutes", "min", "duration of micro-TESE"),
        Column("testes_opened", "", "1 where the first gave sperm at once, else 2"),
        Column("complication", "", "1 if the wound bled, was infected or went on to hurt"),
        Column("testosterone_after_nmol_l", "nmol/L", "serum total testosterone months after"),
    ),
    "cycles": (
        PATIENT,
        Column("sperm_thawed", "", "1 if the sperm used had been frozen"),
        *(Column(name, "", meaning) for name, meaning in STAGES.items()),
    ),
    "transfers": (
        PATIENT,
        Column("order", "", "number of the couple's embryo transfer, from 1"),
        Column("embryos", "", "embryos transferred"),
        Column("hcg_positive", "", "1 if the blood test two weeks later was positive"),
        Column("clinical_pregnancy", "", "1 if a gestational sac was seen"),
        Column("live_birth", "", "1 if it ended in a live birth"),
    ),
    "truth": (
        PATIENT,
        Column("propensity", "1", "true probability of choosing gonadotropins"),
        Column("reserve", "log odds", "reserve without therapy; sperm is retrievable above 0"),
        Column("stratum_by_surgery", "", f"principal stratum: {', '.join(BY_SURGERY)}"),
        Column("stratum_by_sperm", "", f"principal stratum: {', '.join(BY_SPERM)}"),
        *(
            Column(
                f"{outcome}_{arm}", "", f"{outcome.replace('_', ' ')} if {arm}, whatever he chose"
            )
            for outcome in ("sperm_in_ejaculate", "sperm_retrieved", "any_sperm", "live_birth")
            for arm in ARMS
        ),
    ),
}


def tables(cohort: Cohort, replicate: int = 0) -> dict[str, pd.DataFrame]:
    """Return every table of one study of a cohort, ``replicate`` counted from 0 in the cohort."""
    couples = couples_of(cohort)
    untreated, treated = (births_along(couples, path) for path in cohort.paths)
    births = untreated, treated
    patients = _patients(cohort, births, couples, replicate)
    numbers = _numbers(cohort)
    parts = {
        "patients": patients,
        "visits": _visits(cohort, replicate),
        "injections": _injections(cohort, replicate),
        "procedures": _procedures(cohort, patients, replicate),
        "operations": operations(cohort, replicate, numbers),
        "cycles": cycles(cohort, couples, births, replicate, numbers),
        "transfers": _transfers(cohort, births, couples, replicate),
        "truth": _truth(cohort, births, replicate),
    }
    return {name: _in_order(table, COLUMNS[name]) for name, table in parts.items()}


def _in_order(table: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    names = [column.name for column in columns]
    return table if list(table.columns) == names else table.loc[:, names]


def dictionary() -> pd.DataFrame:
    """Return the data dictionary: table, column, unit (UCUM) and meaning."""
    rows = [(t, c.name, c.unit, c.meaning) for t, columns in COLUMNS.items() for c in columns]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "meaning"])


def _numbers(cohort: Cohort) -> Ints:
    return cohort.luck.first_man + np.arange(1, cohort.gn.shape[1] + 1)


def _words(names: Sequence[str | None]) -> NDArray[np.object_]:
    """Make an array whose elements share the words, many times faster than text of fixed width."""
    return np.array(names, dtype=object)


def _patients(
    cohort: Cohort, births: tuple[Births, Births], couples: Couples, r: int
) -> pd.DataFrame:
    checked = np.array([cohort.scenario.arms[arm].semen_check for arm in ARMS])
    operated = cohort.observed("micro_tese")[r]
    icsi = cohort.taken(births[0].icsi, births[1].icsi)[r]
    delivered = cohort.taken(births[0].delivered, births[1].delivered)[r]
    regimens = _words([path.course.regimen.id for path in cohort.paths])
    gn = cohort.gn[r].astype(np.int8)
    return pd.DataFrame(
        {
            "patient_id": _numbers(cohort),
            "diagnosis": _words(DIAGNOSES)[cohort.men.diagnosis[r]],
            **{name: values[r] for name, values in cohort.baseline.items()},
            "partner_age_years": rounded(cohort.men.partner_age_years[r], 1),
            "enrolled_day": _days_of_enrolment(cohort)[r].astype(int),
            "gn": gn,
            "regimen": regimens[gn],
            "completed": _along(cohort, r, "completed").astype(np.int8),
            "sperm_in_ejaculate": _known(cohort.observed("sperm_in_ejaculate")[r], checked[gn]),
            "micro_tese": operated.astype(np.int8),
            "sperm_retrieved": _known(cohort.observed("sperm_retrieved")[r], operated),
            "icsi": icsi.astype(np.int8),
            "live_birth": _known(delivered, icsi & couples.heard_of[r]),
        }
    )


def _known(flags: NDArray[np.bool_], known: NDArray[np.bool_]) -> pd.Series:
    return pd.Series(pd.arrays.IntegerArray(flags.astype(np.int8), ~known))


ASSAYED = ("lh_iu_l", "fsh_iu_l", "testosterone_nmol_l", "estradiol_pmol_l")


def _visits(cohort: Cohort, r: int) -> pd.DataFrame:
    """Lay out the visits: before therapy for everybody, monthly for those under therapy."""
    baseline = np.stack([cohort.baseline[name][r] for name in ASSAYED])
    measured = np.concatenate([baseline[:, None], _month_ends(cohort, r)], axis=1)
    month = np.arange(MONTHS + 1)
    on_therapy = _along(cohort, r, "share_treated") > 0
    in_time = month[:, None] * MONTH_DAYS <= cohort.surgery_day[r]
    kept = ((month[:, None] == 0) | (on_therapy & in_time)).T.ravel()
    table = pd.DataFrame(
        {
            "patient_id": np.repeat(_numbers(cohort), MONTHS + 1),
            "month": np.tile(month, len(on_therapy)),
            "day": np.tile(month * MONTH_DAYS, len(on_therapy)),
            "phase_before": _phase_names(cohort, r).T.ravel(),
            **{name: values.T.ravel() for name, values in zip(ASSAYED, measured, strict=True)},
        }
    )
    return table[kept].reset_index(drop=True)


def _month_ends(cohort: Cohort, r: int) -> Floats:
    """Return measured hormones at the ends of months 1 to 3, shape (hormone, month, man).

    FSH is what the decision saw; the other assays err as much, each with luck of its own.
    """
    spread = cohort.scenario.physiology.assay_log_sd.value
    luck = cohort.luck.normal("other assays", width=len(ASSAYED) * MONTHS)[r]
    errors = np.exp(spread * luck.T).reshape(len(ASSAYED), MONTHS, -1)
    true = _hormones(cohort, r)
    measured = np.stack([true[name][1:] for name in ASSAYED]) * errors
    measured[ASSAYED.index("fsh_iu_l")] = _along(cohort, r, "measured_fsh_iu_l")
    steps = cohort.scenario.measurement.rounded_to
    return np.stack([rounded(m, steps[n].value) for n, m in zip(ASSAYED, measured, strict=True)])


def _hormones(cohort: Cohort, r: int) -> dict[str, Floats]:
    """Return true hormones along the way each man took, shape (visit, man)."""
    model, men, traits = cohort.scenario.physiology, cohort.men, cohort.traits
    ways = []
    for path in cohort.paths:
        testosterone = testosterone_nmol_l(men, traits, path.course)
        ways.append(
            {
                "lh_iu_l": lh_iu_l(model, men, traits, path.course)[:, r],
                "fsh_iu_l": path.course.fsh_iu_l[:, r],
                "testosterone_nmol_l": testosterone[:, r],
                "estradiol_pmol_l": estradiol_pmol_l(model, men, testosterone)[:, r],
            }
        )
    return {name: np.where(cohort.gn[r], ways[1][name], ways[0][name]) for name in ways[0]}


def _along(cohort: Cohort, r: int, name: str) -> Floats:
    untreated, treated = (getattr(path.course, name)[..., r, :] for path in cohort.paths)
    taken: Floats = np.where(cohort.gn[r], treated, untreated)
    return taken


def _phase_names(cohort: Cohort, r: int) -> NDArray[np.object_]:
    ways = []
    for path in cohort.paths:
        names = _words([phase.name for phase in path.course.regimen.phases])
        ways.append(names[path.course.phase[:, r]])
    taken = np.where(cohort.gn[r], ways[1], ways[0])
    start = np.full((1, taken.shape[1]), None)
    return np.concatenate([start, taken])


def _injections(cohort: Cohort, r: int) -> pd.DataFrame:
    parts = [_injections_on(cohort, r, arm) for arm in range(len(ARMS))]
    given = [part for part in parts if len(part)] or parts[:1]
    if len(given) == 1:  # already in order
        return given[0]
    return pd.concat(given).sort_values("patient_id", kind="stable", ignore_index=True)


def _injections_on(cohort: Cohort, r: int, arm: int) -> pd.DataFrame:
    """List the injections of the men of one arm from the regimen's calendar of each phase."""
    course = cohort.paths[arm].course
    mine = np.flatnonzero(cohort.gn[r] == arm)
    calendar = dose_calendar(course.regimen)
    phase = course.phase[:, r][:, mine]
    spent = np.minimum(_months_spent(phase), calendar.shape[1] - 1)
    order = np.nonzero(calendar.swapaxes(2, 3))  # phase, month in phase, day, drug
    cell = (phase * calendar.shape[1] + spent).T.ravel()
    row, of = _rows_of_cells(np.ravel_multi_index(order[:2], calendar.shape[:2]), cell)
    man, month = np.divmod(of, MONTHS)
    day = order[2][row] + month * MONTH_DAYS
    if course.missed is not None:
        taken = ~course.missed[day, r, mine[man]]
        row, man, day = row[taken], man[taken], day[taken]
    return pd.DataFrame(
        {
            "patient_id": _numbers(cohort)[mine[man]],
            "day": day,
            "drug": _words(list(course.regimen.drugs))[order[3][row]],
            "dose_iu": calendar[order[0], order[1], order[3], order[2]][row],
        }
    )


def _rows_of_cells(listed: Ints, cell: Ints) -> tuple[Ints, Ints]:
    """Look up, for every element of ``cell``, the rows of a list that is sorted by cell.

    Returns
    -------
    The rows, one element after another, and for each the element it belongs to.

    Examples
    --------
    >>> rows, element = _rows_of_cells(np.array([0, 0, 2]), np.array([2, 0, 1]))
    >>> rows.tolist(), element.tolist()
    ([2, 0, 1], [0, 1, 1])
    """
    first = np.searchsorted(listed, cell)
    count = np.searchsorted(listed, cell, side="right") - first
    element = np.repeat(np.arange(len(cell)), count)
    before = np.cumsum(count) - count
    return np.arange(len(element)) + (first - before)[element], element


def _months_spent(phase: NDArray[np.int8]) -> Ints:
    """Count the months already spent in the phase at the start of each, shape (month, man)."""
    spent = np.zeros(phase.shape, int)
    for month in range(1, len(phase)):
        spent[month] = np.where(phase[month] == phase[month - 1], spent[month - 1] + 1, 0)
    return spent


#: What may be done, in the order of the day, and the results: of a search for sperm; of ICSI.
PROCEDURES = ("semen analysis", "micro-TESE", "ICSI")
FOUND = ("no sperm", "sperm")
SOURCES = ("testicular sperm", "ejaculated sperm")


def _procedures(cohort: Cohort, patients: pd.DataFrame, r: int) -> pd.DataFrame:
    """List what was done, on the day on which therapy is over: without any, that of enrolment."""
    seen, taken = (
        patients[name].to_numpy(int, na_value=0)
        for name in ("sperm_in_ejaculate", "sperm_retrieved")
    )
    checked = patients["sperm_in_ejaculate"].notna()
    done = np.stack([checked, patients["micro_tese"] == 1, patients["icsi"] == 1], axis=1)
    found, sources = _words(FOUND), _words(SOURCES)
    results = np.stack([found[seen], found[taken], sources[seen]], axis=1)
    man, which = np.nonzero(done)
    return pd.DataFrame(
        {
            "patient_id": _numbers(cohort)[man],
            "day": cohort.surgery_day[r, man],
            "procedure": _words(PROCEDURES)[which],
            "result": results[man, which],
        }
    )


def _transfers(
    cohort: Cohort, births: tuple[Births, Births], couples: Couples, r: int
) -> pd.DataFrame:
    gn = cohort.gn[r][:, None]

    def taken(name: str) -> NDArray[np.bool_]:
        untreated, treated = (getattr(each, name)[r] for each in births)
        flags: NDArray[np.bool_] = np.where(gn, treated, untreated)
        return flags

    man, order = np.nonzero(taken("transferred"))
    return pd.DataFrame(
        {
            "patient_id": _numbers(cohort)[man],
            "order": order + 1,
            "embryos": couples.cycle.transferred_at(order, (r, man)).astype(int),
            "hcg_positive": taken("hcg_positive")[man, order].astype(np.int8),
            "clinical_pregnancy": taken("clinical_pregnancy")[man, order].astype(np.int8),
            "live_birth": taken("live_birth")[man, order].astype(np.int8),
        }
    )


def _truth(cohort: Cohort, births: tuple[Births, Births], r: int) -> pd.DataFrame:
    outcomes = {
        f"{name}_{arm}": getattr(path, name)[r].astype(np.int8)
        for name in ("sperm_in_ejaculate", "sperm_retrieved", "any_sperm")
        for arm, path in zip(ARMS, cohort.paths, strict=True)
    }
    born = {
        f"live_birth_{arm}": each.delivered[r].astype(np.int8)
        for arm, each in zip(ARMS, births, strict=True)
    }
    strata = principal_strata(cohort)
    return pd.DataFrame(
        {
            "patient_id": _numbers(cohort),
            "propensity": cohort.propensity[r],
            "reserve": cohort.reserve[r],
            "stratum_by_surgery": _stratum(strata, BY_SURGERY, r),
            "stratum_by_sperm": _stratum(strata, BY_SPERM, r),
            **outcomes,
            **born,
        }
    )


def _stratum(
    strata: dict[str, NDArray[np.bool_]], names: tuple[str, ...], r: int
) -> NDArray[np.object_]:
    codes = np.select([strata[name][r] for name in names], range(len(names)))
    words: NDArray[np.object_] = _words([name.replace("_", " ") for name in names])[codes]
    return words


def _days_of_enrolment(cohort: Cohort) -> Floats:
    return recruitment_day(cohort.scenario.population, cohort.luck)
