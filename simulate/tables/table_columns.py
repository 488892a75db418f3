"""Every table of a study with its columns in order: the data dictionary."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from protocol.errors import InputError
from simulate.core.coding import ARMS, BASELINE, DIAGNOSES
from simulate.endpoints import ENDPOINTS
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.sections.user_defined import Variable
from simulate.tables.care_tables import STAGES
from simulate.truth import BY_SPERM, BY_SURGERY


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its unit (UCUM; "" for codes) and its meaning."""

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


def _endpoint(name: str) -> Column:
    return Column(name, "", ENDPOINTS[name].meaning)


#: Baseline values before rounding and deletion; columns of the truth table.
_EXACT = tuple(
    Column(f"{each.name}_exact", each.unit, f"{each.meaning.split(';')[0]}, before rounding")
    for each in (*_baseline_columns(), Column("partner_age_years", "a", "age of the partner"))
)

PATIENT = Column("patient_id", "", "number of the patient in the study, from 1")

#: Column of patients in a study at several sites.
SITE = Column("site", "", "site of treatment; absent in a study at one site")

#: Columns of tables with dates.
ENROLLED_DATE = Column("enrolled_date", "", "date of enrolment; absent with exact days")
DATE = Column("date", "", "date; absent with exact days")
TIME = Column("time", "", "time of day, hours and minutes; absent with exact days")

#: Columns that not every study has.
OPTIONAL = (SITE, ENROLLED_DATE, DATE, TIME)

#: Every table of a study with its columns in order: the data dictionary.
COLUMNS: dict[str, tuple[Column, ...]] = {
    "patients": (
        PATIENT,
        SITE,
        Column("diagnosis", "", f"cause of azoospermia: {', '.join(DIAGNOSES)}"),
        *_baseline_columns(),
        Column("partner_age_years", "a", "age of the partner at enrolment"),
        Column("enrolled_day", "d", "day of enrolment, from 0, the first day of the study"),
        ENROLLED_DATE,
        Column("gonadotropin_therapy", "", "1 if the patient chose gonadotropins, else 0"),
        Column("regimen", "", "regimen followed"),
        Column("completed", "", "1 if all months of the regimen were completed"),
        _endpoint("sperm_in_ejaculate"),
        Column("micro_tese", "", "1 if the patient had surgery"),
        _endpoint("sperm_retrieved"),
        Column("icsi", "", "1 if the couple reached ICSI"),
        _endpoint("live_birth"),
    ),
    "visits": (
        PATIENT,
        Column("month", "mo", "months of therapy so far: 0, and 1 to 3 under therapy"),
        Column("day", "d", "day of the visit"),
        DATE,
        TIME,
        Column("previous_phase", "", "phase of the month that ends; empty at month 0"),
        Column("lh_iu_l", "[IU]/L", "measured serum LH"),
        Column(
            "fsh_iu_l",
            "[IU]/L",
            "measured total serum FSH; empty if not measured",
        ),
        Column("testosterone_nmol_l", "nmol/L", "measured serum total testosterone"),
        Column("estradiol_pmol_l", "pmol/L", "measured serum estradiol"),
    ),
    "injections": (
        PATIENT,
        Column("day", "d", "day of the injection"),
        DATE,
        Column("drug", "", "drug injected, named as in the regimen"),
        Column("dose_iu", "[IU]", "dose injected"),
    ),
    "procedures": (
        PATIENT,
        Column("day", "d", "day of the procedure"),
        DATE,
        TIME,
        Column("procedure", "", "semen analysis, micro-TESE or ICSI"),
        Column("result", "", "finding; for ICSI the source of the sperm"),
    ),
    "operations": (
        PATIENT,
        Column("day", "d", "day of micro-TESE"),
        DATE,
        Column("minutes", "min", "duration of micro-TESE"),
        Column("testes_opened", "", "1 if sperm was found in the first testis, else 2"),
        Column("complication", "", "1 if bleeding, infection or persistent pain occurred"),
        Column("testosterone_after_nmol_l", "nmol/L", "serum total testosterone after surgery"),
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
        Column("biochemical_pregnancy", "", "1 if serum hCG two weeks later is positive"),
        Column("clinical_pregnancy", "", "1 if a gestational sac was seen"),
        Column("live_birth", "", "1 if it ended in a live birth"),
    ),
    "truth": (
        PATIENT,
        Column("propensity", "1", "true probability of choosing gonadotropins"),
        Column(
            "spermatogenic_liability",
            "log odds",
            "spermatogenic liability without therapy; sperm is retrievable above 0",
        ),
        Column("stratum_by_surgery", "", f"principal stratum: {', '.join(BY_SURGERY)}"),
        Column("stratum_by_sperm", "", f"principal stratum: {', '.join(BY_SPERM)}"),
        *(
            Column(
                f"{outcome}_{arm}",
                "",
                f"{outcome.replace('_', ' ')} if {arm}, whatever was chosen",
            )
            for outcome in ENDPOINTS
            for arm in ARMS
        ),
        *_EXACT,
        Column("itt_before_ng_ml", "ng/mL", "latent intratesticular testosterone before therapy"),
        Column("itt_after_ng_ml", "ng/mL", "latent intratesticular testosterone after therapy"),
    ),
}


def columns_of(scenario: Scenario) -> dict[str, tuple[Column, ...]]:
    """Return every table with its columns in order, those that a scenario defines itself last.

    Raises
    ------
    InputError
        A user-defined name is that of another column.
    """
    model = scenario.user_defined
    added = {**model.covariates, **model.outcomes}
    existing = {column.name for name in ("patients", "truth") for column in COLUMNS[name]}
    for name in added:
        if existing & {name, *_truth_names(name)}:
            problem, cure = "a table has a column of this name", "take another name"
            raise InputError.of(scenario.id, f"user_defined.{name}", problem, cure)
    return {
        **COLUMNS,
        "patients": (*COLUMNS["patients"], *(_user_column(*each) for each in added.items())),
        "truth": (
            *COLUMNS["truth"],
            *(
                _truth_column(name, variable, "exact", "before rounding")
                for name, variable in model.covariates.items()
                if variable.kind == "number"
            ),
            *(
                _truth_column(name, variable, arm, f"if {arm}, whatever was chosen")
                for name, variable in model.outcomes.items()
                for arm in ARMS
            ),
        ),
    }


def _truth_names(name: str) -> tuple[str, ...]:
    return (f"{name}_exact", *(f"{name}_{arm}" for arm in ARMS))


def _user_column(name: str, variable: Variable) -> Column:
    return Column(name, "" if variable.kind == "flag" else variable.unit, variable.meaning)


def _truth_column(name: str, variable: Variable, end: str, words: str) -> Column:
    unit = _user_column(name, variable).unit
    return Column(f"{name}_{end}", unit, f"{variable.meaning}, {words}")


def dictionary(
    parts: Mapping[str, pd.DataFrame],
    columns: Mapping[str, tuple[Column, ...]] = MappingProxyType(COLUMNS),
) -> pd.DataFrame:
    """Return the dictionary of some tables: table, column, unit (UCUM) and meaning."""
    rows = [
        (name, column.name, column.unit, column.meaning)
        for name, table in parts.items()
        for column in columns[name]
        if column.name in table
    ]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "meaning"])
