"""One study as the tidy tables a clinic would export, and the truth apart from them.

Days count from 0, the day a man is enrolled; months from 1, of 30 days each. Only what happened
has a row; what is not known is empty.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.cohort import Cohort
from simulate.fertility import Births, births_of
from simulate.hormones import MONTHS
from simulate.lookup import MONTH_DAYS, dose_calendar
from simulate.measurement import rounded
from simulate.nouns import ARMS, BASELINE, DIAGNOSES
from simulate.therapy import estradiol_pmol_l, lh_iu_l, testosterone_nmol_l

Floats = NDArray[np.float64]


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
        Column("gn", "", "1 if he chose gonadotropins, else 0"),
        Column("regimen", "", "regimen he followed"),
        Column("sperm_in_ejaculate", "", "1/0 at the semen check after therapy; empty: no check"),
        Column("micro_tese", "", "1 if he was operated on"),
        Column("sperm_retrieved", "", "1/0 at micro-TESE; empty if not operated on"),
        Column("icsi", "", "1 if the couple reached ICSI"),
        Column("live_birth", "", "1/0 delivery of a live child; empty without ICSI"),
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
        Column("result", "", "sperm, no sperm, or the source of the sperm used"),
    ),
    "transfers": (
        PATIENT,
        Column("order", "", "number of the couple's embryo transfer, from 1"),
        Column("clinical_pregnancy", "", "1 if a gestational sac was seen"),
        Column("live_birth", "", "1 if it ended in a live birth"),
    ),
    "truth": (
        PATIENT,
        Column("propensity", "1", "true probability of choosing gonadotropins"),
        Column("reserve", "log odds", "reserve without therapy; sperm is retrievable above 0"),
        *(
            Column(f"{outcome}_{arm}", "", f"what would happen {arm}, whatever he chose")
            for outcome in ("sperm_in_ejaculate", "sperm_retrieved", "any_sperm", "live_birth")
            for arm in ARMS
        ),
    ),
}


def tables(cohort: Cohort, replicate: int = 0) -> dict[str, pd.DataFrame]:
    """Return every table of one study of a cohort, ``replicate`` counted from 0 in the cohort."""
    births = births_of(cohort)
    patients = _patients(cohort, births, replicate)
    parts = {
        "patients": patients,
        "visits": _visits(cohort, replicate),
        "injections": _injections(cohort, replicate),
        "procedures": _procedures(cohort, patients, replicate),
        "transfers": _transfers(cohort, births, replicate),
        "truth": _truth(cohort, births, replicate),
    }
    return {
        name: table.loc[:, [column.name for column in COLUMNS[name]]]
        for name, table in parts.items()
    }


def dictionary() -> pd.DataFrame:
    """Return the data dictionary: table, column, unit (UCUM) and meaning."""
    rows = [(t, c.name, c.unit, c.meaning) for t, columns in COLUMNS.items() for c in columns]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "meaning"])


def _numbers(cohort: Cohort) -> NDArray[np.int_]:
    return np.arange(1, cohort.gn.shape[1] + 1)


def _patients(cohort: Cohort, births: tuple[Births, Births], r: int) -> pd.DataFrame:
    checked = np.array([cohort.scenario.arms[arm].semen_check for arm in ARMS])
    operated = cohort.observed("micro_tese")[r]
    icsi = cohort.taken(births[0].icsi, births[1].icsi)[r]
    delivered = cohort.taken(births[0].delivered, births[1].delivered)[r]
    regimens = np.array([path.course.regimen.id for path in cohort.paths])
    gn = cohort.gn[r].astype(int)
    return pd.DataFrame(
        {
            "patient_id": _numbers(cohort),
            "diagnosis": np.array(DIAGNOSES)[cohort.men.diagnosis[r]],
            **{name: values[r] for name, values in cohort.baseline.items()},
            "partner_age_years": rounded(cohort.men.partner_age_years[r], 1),
            "gn": gn,
            "regimen": regimens[gn],
            "sperm_in_ejaculate": _known(cohort.observed("sperm_in_ejaculate")[r], checked[gn]),
            "micro_tese": operated.astype(int),
            "sperm_retrieved": _known(cohort.observed("sperm_retrieved")[r], operated),
            "icsi": icsi.astype(int),
            "live_birth": _known(delivered, icsi),
        }
    )


def _known(flags: NDArray[np.bool_], known: NDArray[np.bool_]) -> pd.Series:
    return pd.Series(flags.astype(int)).astype("Int8").where(pd.Series(known))


ASSAYED = ("lh_iu_l", "fsh_iu_l", "testosterone_nmol_l", "estradiol_pmol_l")


def _visits(cohort: Cohort, r: int) -> pd.DataFrame:
    """Lay out the visits: before therapy for everybody, monthly for those under therapy."""
    baseline = np.stack([cohort.baseline[name][r] for name in ASSAYED])
    measured = np.concatenate([baseline[:, None], _month_ends(cohort, r)], axis=1)
    month = np.arange(MONTHS + 1)
    on_therapy = _along(cohort, r, "share_treated") > 0
    kept = ((month[:, None] == 0) | on_therapy).T.ravel()
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


def _phase_names(cohort: Cohort, r: int) -> NDArray[np.str_]:
    ways = []
    for path in cohort.paths:
        names = np.array([phase.name for phase in path.course.regimen.phases])
        ways.append(names[path.course.phase[:, r]])
    taken = np.where(cohort.gn[r], ways[1], ways[0])
    start = np.full((1, taken.shape[1]), "", taken.dtype)
    return np.concatenate([start, taken])


def _injections(cohort: Cohort, r: int) -> pd.DataFrame:
    given = [arm for arm, path in enumerate(cohort.paths) if path.course.regimen.drugs]
    parts = [_injections_on(cohort, r, arm) for arm in given] or [_no_injections()]
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["patient_id", "day", "drug"], ignore_index=True)


def _injections_on(cohort: Cohort, r: int, arm: int) -> pd.DataFrame:
    """List the injections of the men of one arm from the regimen's calendar of each phase."""
    course = cohort.paths[arm].course
    mine = np.flatnonzero(cohort.gn[r] == arm)
    calendar = dose_calendar(course.regimen)
    drugs = np.array(list(course.regimen.drugs))
    phase = course.phase[:, r][:, mine]
    spent = np.zeros(len(mine), int)
    days, men, kinds, doses = [], [], [], []
    for month in range(MONTHS):
        if month:
            spent = np.where(phase[month] == phase[month - 1], spent + 1, 0)
        due = calendar[phase[month], np.minimum(spent, calendar.shape[1] - 1)]
        man, drug, day = np.nonzero(due)
        if course.missed is not None:
            taken = ~course.missed[day + month * MONTH_DAYS, r, mine[man]]
            man, drug, day = man[taken], drug[taken], day[taken]
        men.append(mine[man] + 1)
        days.append(day + month * MONTH_DAYS)
        kinds.append(drugs[drug])
        doses.append(due[man, drug, day])
    return pd.DataFrame(
        {
            "patient_id": np.concatenate(men),
            "day": np.concatenate(days),
            "drug": np.concatenate(kinds),
            "dose_iu": np.concatenate(doses),
        }
    )


def _no_injections() -> pd.DataFrame:
    return pd.DataFrame({column.name: [] for column in COLUMNS["injections"]})


def _procedures(cohort: Cohort, patients: pd.DataFrame, r: int) -> pd.DataFrame:
    """List what was done; without therapy surgery comes on the day of enrolment.

    The calendar beyond therapy (waiting lists, stimulation of the partner) belongs to the clinic.
    """
    after = pd.Series(np.where(cohort.gn[r], MONTHS * MONTH_DAYS, 0))
    found = pd.Series(["no sperm", "sperm"])

    def rows(who: pd.Series, procedure: str, result: pd.Series) -> pd.DataFrame:
        part = pd.DataFrame({"patient_id": patients["patient_id"], "day": after, "result": result})
        return part[who].assign(procedure=procedure)

    checked = patients["sperm_in_ejaculate"].notna()
    seen = patients["sperm_in_ejaculate"].fillna(0).astype(int)
    taken = patients["sperm_retrieved"].fillna(0).astype(int)
    source = pd.Series(np.where(seen == 1, "ejaculated sperm", "testicular sperm"))
    table = pd.concat(
        [
            rows(checked, "semen analysis", seen.map(found)),
            rows(patients["micro_tese"] == 1, "micro-TESE", taken.map(found)),
            rows(patients["icsi"] == 1, "ICSI", source),
        ]
    )
    return table.sort_values(["patient_id", "day"], kind="stable", ignore_index=True)


def _transfers(cohort: Cohort, births: tuple[Births, Births], r: int) -> pd.DataFrame:
    gn = cohort.gn[r][:, None]

    def taken(name: str) -> NDArray[np.bool_]:
        untreated, treated = (getattr(each, name)[r] for each in births)
        flags: NDArray[np.bool_] = np.where(gn, treated, untreated)
        return flags

    man, order = np.nonzero(taken("transferred"))
    return pd.DataFrame(
        {
            "patient_id": man + 1,
            "order": order + 1,
            "clinical_pregnancy": taken("clinical_pregnancy")[man, order].astype(int),
            "live_birth": taken("live_birth")[man, order].astype(int),
        }
    )


def _truth(cohort: Cohort, births: tuple[Births, Births], r: int) -> pd.DataFrame:
    outcomes = {
        f"{name}_{arm}": getattr(path, name)[r].astype(int)
        for name in ("sperm_in_ejaculate", "sperm_retrieved", "any_sperm")
        for arm, path in zip(ARMS, cohort.paths, strict=True)
    }
    born = {
        f"live_birth_{arm}": each.delivered[r].astype(int)
        for arm, each in zip(ARMS, births, strict=True)
    }
    return pd.DataFrame(
        {
            "patient_id": _numbers(cohort),
            "propensity": cohort.propensity[r],
            "reserve": cohort.reserve[r],
            **outcomes,
            **born,
        }
    )
