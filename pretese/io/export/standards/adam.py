"""ADaM-like ADSL and ADLB: one row per patient, and one row per patient, hormone and visit.

They take the variable names and labels of CDISC ADaM where the simulator knows the content. They
are not ready for submission: no patient has a race, and there is no SDTM behind them. The planned
treatment is what a patient chose; populations are those of an observational study.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pretese.io.export.columns.export_fields import KEYS, Fields, with_study
from pretese.io.export.standards.dated import day_text
from simulate.core.coding import ARMS
from simulate.endpoints import ENDPOINTS
from simulate.tables.table_columns import COLUMNS

DataType = Literal["string", "integer", "double", "date"]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of an analysis data set; ``key`` is its place in the sort key, from 1."""

    name: str
    label: str
    type: DataType = "string"
    key: int | None = None


@dataclass(frozen=True, slots=True)
class AnalysisData:
    """An analysis data set; ``table`` holds the variables in order, one row per record."""

    name: str
    label: str
    variables: tuple[Variable, ...]
    table: pd.DataFrame


#: Numbers that ADSL takes from the patients: (column, variable, label without the unit).
_NUMBERS = (
    ("age_years", "AGE", "Age"),
    ("infertility_duration_years", "INFDURBL", "Baseline Duration of Infertility"),
    ("bmi_kg_m2", "BMIBL", "Baseline Body Mass Index"),
    ("testis_volume_ml", "TVOLBL", "Baseline Mean Testis Volume"),
    ("partner_age_years", "PRTAGEBL", "Baseline Age of Partner"),
)

#: Flags of ADSL: Y, N, or missing where not applicable.
_STEPS = {
    "micro_tese": ("TESEFL", "Micro-TESE Flag"),
    "icsi": ("ICSIFL", "ICSI Flag"),
}


def _flags() -> tuple[tuple[str, str, str], ...]:
    """Return column, variable and label of every flag, in the order of the patients' columns."""
    reached = {each.column: each.cdisc for each in ENDPOINTS.values() if each.column}
    named = _STEPS | {column: flag for column, flag in reached.items() if flag}
    names = [column.name for column in COLUMNS["patients"]]
    return tuple((name, *named[name]) for name in names if name in named)


_FLAGS = _flags()


def _everyone(patients: pd.DataFrame) -> pd.Series:
    return pd.Series(True, patients.index)


def _completed(patients: pd.DataFrame) -> pd.Series:
    return patients["completed"] == 1


def _injected(patients: pd.DataFrame) -> pd.Series:
    return patients["gonadotropin_therapy"] == 1


def _operated(patients: pd.DataFrame) -> pd.Series:
    return patients["micro_tese"] == 1


#: Population flags of ADSL: (variable, label, members).
POPULATIONS = (
    ("ENRLFL", "Enrolled Population Flag", _everyone),
    ("ITTFL", "Intent-To-Treat Population Flag", _everyone),
    ("SAFFL", "Safety Population Flag", _injected),
    ("COMPLFL", "Completers Population Flag", _completed),
    ("OPERFL", "Operated Population Flag", _operated),
)

#: Hormones of ADLB: (column, CDISC test code, test name).
_HORMONES = (
    ("lh_iu_l", "LH", "Luteinizing Hormone"),
    ("fsh_iu_l", "FSH", "Follicle Stimulating Hormone"),
    ("testosterone_nmol_l", "TESTOS", "Testosterone"),
    ("estradiol_pmol_l", "ESTRDIOL", "Estradiol"),
    ("prolactin_ng_ml", "PROLCTN", "Prolactin"),
)

_STUDYID = Variable("STUDYID", "Study Identifier", key=1)
_USUBJID = Variable("USUBJID", "Unique Subject Identifier", key=2)
_TREATED = (
    Variable("TRT01P", "Planned Treatment for Period 01"),
    Variable("TRT01PN", "Planned Treatment for Period 01 (N)", "integer"),
    Variable("TRT01A", "Actual Treatment for Period 01"),
    Variable("TRT01AN", "Actual Treatment for Period 01 (N)", "integer"),
)


_ADLB = (
    _STUDYID,
    _USUBJID,
    *_TREATED,
    Variable("PARAM", "Parameter"),
    Variable("PARAMCD", "Parameter Code", key=3),
    Variable("AVISIT", "Analysis Visit"),
    Variable("AVISITN", "Analysis Visit (N)", "integer", key=4),
    Variable("ADT", "Analysis Date", "date"),
    Variable("ADY", "Analysis Relative Day", "integer"),
    Variable("AVAL", "Analysis Value", "double"),
    Variable("AVALU", "Analysis Value Unit"),
    Variable("AVALUCUM", "Analysis Value Unit (UCUM)"),
    Variable("BASE", "Baseline Value", "double"),
    Variable("CHG", "Change from Baseline", "double"),
    Variable("ABLFL", "Baseline Record Flag"),
)


def adsl(parts: Mapping[str, pd.DataFrame], study: str, fields: Fields) -> AnalysisData:
    """Make ADSL, one row per patient, from the patients.

    Parameters
    ----------
    study
        STUDYID; where there are several studies, the number of each follows it.
    """
    patients = parts["patients"]
    table = _identified(patients, study)
    table["SUBJID"] = patients["patient_id"].astype(str)
    table["SITEID"] = patients.get("site", "1")
    table["AGEU"], table["SEX"] = "YEARS", "M"
    if "enrolled_date" in patients:
        table["RFICDT"] = day_text(patients["enrolled_date"])
    table["DIAGNOS"], table["REGIMEN"] = patients["diagnosis"], patients["regimen"]
    _treat(table, patients["gonadotropin_therapy"])
    for column, name, _ in _NUMBERS:
        table[name] = patients[column]
    for column, name, _ in _FLAGS:
        table[name] = patients[column].map({0: "N", 1: "Y"}).astype(object)
    for name, _, belongs in POPULATIONS:
        table[name] = np.where(belongs(patients), "Y", "N").astype(object)
    units = {field.name: field.unit.printed for field in fields["patients"]}
    variables = (
        _STUDYID,
        _USUBJID,
        Variable("SUBJID", "Subject Identifier for the Study"),
        Variable("SITEID", "Study Site Identifier"),
        *((Variable("RFICDT", "Date of Enrolment", "date"),) if "RFICDT" in table else ()),
        Variable("AGEU", "Age Units"),
        Variable("SEX", "Sex"),
        Variable("DIAGNOS", "Cause of Azoospermia"),
        Variable("REGIMEN", "Regimen Followed"),
        *_TREATED,
        *(Variable(name, f"{label} ({units[c]})", "double") for c, name, label in _NUMBERS),
        *(Variable(name, label) for name, label, _ in POPULATIONS),
        *(Variable(name, label) for _, name, label in _FLAGS),
    )
    return _data("ADSL", "Subject-Level Analysis Dataset", variables, table)


def adlb(parts: Mapping[str, pd.DataFrame], study: str, fields: Fields) -> AnalysisData:
    """Make ADLB: every hormone measured, in long form, each row with its unit and UCUM code.

    A value that was not measured has no row. Study days count from 1, as in all of CDISC: the
    visits' day 0 is ADY 1.
    """
    rows = _with_baseline(_measurements(parts, fields))
    arms = with_study(parts["patients"])[[*KEYS, "gonadotropin_therapy"]]
    rows = rows.merge(arms, on=list(KEYS), how="left")
    alone = "study" not in parts["patients"]
    table = _identified(rows[["patient_id"]] if alone else rows, study)
    _treat(table, rows["gonadotropin_therapy"])
    later = rows["month"] > 0
    table = table.assign(
        AVISIT=np.where(later, "Month " + rows["month"].astype(str), "Baseline"),
        AVISITN=rows["month"],
        ADY=rows["day"] + 1,
        CHG=(rows["AVAL"] - rows["BASE"]).where(later),
        ABLFL=np.array(["Y", None], dtype=object)[later.to_numpy(int)],
        **{name: rows[name] for name in ("PARAM", "PARAMCD", "AVAL", "AVALU", "AVALUCUM", "BASE")},
    )
    dated = "date" in rows
    if dated:
        table["ADT"] = day_text(rows["date"])
    variables = tuple(each for each in _ADLB if dated or each.name != "ADT")
    return _data("ADLB", "Laboratory Analysis Dataset", variables, table)


def _with_baseline(rows: pd.DataFrame) -> pd.DataFrame:
    """Add each patient's value at enrolment, and sort by patient, hormone and visit."""
    key = [*KEYS, "PARAMCD"]
    first = rows.loc[rows["month"] == 0, [*key, "AVAL"]].rename(columns={"AVAL": "BASE"})
    both = rows.merge(first, on=key, how="left")
    return both.sort_values([*key, "month"], kind="stable", ignore_index=True)


def _measurements(parts: Mapping[str, pd.DataFrame], fields: Fields) -> pd.DataFrame:
    """Stack the hormones; those absent from the visits were measured only at enrolment."""
    visits = with_study(parts["visits"])
    enrolment = with_study(parts["patients"]).assign(month=0, day=0)
    when = {"enrolled_date": "date"}
    enrolment = enrolment.rename(columns=when)
    dated = ["date"] if "date" in visits else []
    units = {field.name: field.unit for field in fields["patients"]}
    pieces = []
    for column, code, name in _HORMONES:
        source = visits if column in visits else enrolment
        piece = source[[*KEYS, "month", "day", *dated]].assign(AVAL=source[column], PARAMCD=code)
        unit = units[column]
        piece = piece.assign(
            PARAM=f"{name} ({unit.printed})", AVALU=unit.printed, AVALUCUM=unit.ucum
        )
        pieces.append(piece[piece["AVAL"].notna()])
    return pd.concat(pieces, ignore_index=True)


def _identified(table: pd.DataFrame, study: str) -> pd.DataFrame:
    name = pd.Series(study, index=table.index, dtype=object)
    if "study" in table:
        name = name + "-" + table["study"].astype(str)
    return pd.DataFrame({"STUDYID": name, "USUBJID": name + "-" + table["patient_id"].astype(str)})


def _treat(table: pd.DataFrame, gonadotropin_therapy: pd.Series) -> None:
    for kind in ("P", "A"):
        table[f"TRT01{kind}"] = np.array(ARMS, dtype=object)[gonadotropin_therapy.to_numpy(int)]
        table[f"TRT01{kind}N"] = gonadotropin_therapy.astype(int)


def _data(
    name: str, label: str, variables: tuple[Variable, ...], table: pd.DataFrame
) -> AnalysisData:
    return AnalysisData(name, label, variables, table[[variable.name for variable in variables]])
