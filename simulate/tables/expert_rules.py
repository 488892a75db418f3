"""RULES: plausibility rules of a clinic's tables, as an expert would check them.

Each rule returns the patients who violate it. Simulated patients violate none; introduced data
errors violate some. A new rule is one entry.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from simulate.endpoints import endpoint_columns
from simulate.scenario.scenario_file import Scenario
from simulate.tables.care_tables import STAGES

Tables = Mapping[str, pd.DataFrame]

#: Stages of a cycle up to transfer: no count exceeds that of the previous stage.
_STAGES = tuple(STAGES)[:-1]

IN_EJACULATE, RETRIEVED, BIRTH = endpoint_columns()


@dataclass(frozen=True, slots=True)
class Rule:
    """A plausibility rule, and the function that returns the numbers of patients who violate it."""

    name: str
    broken_by: Callable[[Tables, Scenario], Iterable[int]]


def broken_rules(tables: Tables, scenario: Scenario) -> pd.DataFrame:
    """Return a row for every rule and patient that breaks it: ``rule`` and ``patient_id``.

    Parameters
    ----------
    tables
        The tables of one study, from `simulate.tables.study_tables.tables`.
    """
    rows = [
        (rule.name, patient)
        for rule in RULES
        for patient in sorted(set(rule.broken_by(tables, scenario)))
    ]
    return pd.DataFrame(rows, columns=["rule", "patient_id"])


def _adults(tables: Tables, scenario: Scenario) -> pd.Series:
    patients, adult = tables["patients"], scenario.population.adult_age_years.value
    return _who(patients, patients[["age_years", "partner_age_years"]].min(axis=1) < adult)


def _duration(tables: Tables, scenario: Scenario) -> pd.Series:
    patients, adult = tables["patients"], scenario.population.adult_age_years.value
    longest = patients[["age_years", "partner_age_years"]].min(axis=1) - adult
    return _who(patients, patients["infertility_duration_years"] > longest)


def _within_limits(tables: Tables, scenario: Scenario) -> pd.Series:
    """Compare baseline values with the declared limits, as the laboratory of the site reports."""
    patients = tables["patients"]
    beyond = pd.Series(False, patients.index)
    for name, marginal in scenario.population.marginals.items():
        step = scenario.measurement.rounded_to[name].value
        ratios = [
            site.measured_ratio[name].value
            for site in scenario.sites.values()
            if name in site.measured_ratio
        ]
        low = marginal.lower.value * min([1.0, *ratios]) - step
        high = marginal.upper.value * max([1.0, *ratios]) + step
        beyond |= (patients[name] < low) | (patients[name] > high)
    return _who(patients, beyond)


def _one_row(tables: Tables, _: Scenario) -> pd.Series:
    patients = tables["patients"]
    return _who(patients, patients["patient_id"].duplicated())


def _injected_without_therapy(tables: Tables, _: Scenario) -> pd.Series:
    patients = tables["patients"]
    untreated = patients.loc[patients["gonadotropin_therapy"] == 0, "patient_id"]
    return _who(tables["injections"], tables["injections"]["patient_id"].isin(untreated))


def _injected_twice(tables: Tables, _: Scenario) -> pd.Series:
    injections = tables["injections"]
    return _who(injections, injections.duplicated(["patient_id", "day", "drug"]))


def _injected_after_surgery(tables: Tables, _: Scenario) -> pd.Series:
    operated = tables["operations"].set_index("patient_id")["day"]
    injections = tables["injections"]
    return _who(injections, injections["day"] >= injections["patient_id"].map(operated))


def _visits_in_order(tables: Tables, _: Scenario) -> pd.Series:
    visits = tables["visits"].sort_values(["patient_id", "month"])
    steps = visits.groupby("patient_id")["day"].diff()
    return _who(visits, steps <= 0)


def _operated_before_the_last_visit(tables: Tables, _: Scenario) -> pd.Series:
    last = tables["visits"].groupby("patient_id")["day"].max()
    operations = tables["operations"]
    return _who(operations, operations["day"] < operations["patient_id"].map(last))


def _operated_with_sperm(tables: Tables, _: Scenario) -> pd.Series:
    patients = tables["patients"]
    sperm = patients[IN_EJACULATE].eq(1).fillna(False).astype(bool)
    return _who(patients, sperm & (patients["micro_tese"] == 1))


def _retrieved_without_surgery(tables: Tables, _: Scenario) -> pd.Series:
    patients = tables["patients"]
    return _who(patients, patients[RETRIEVED].notna() & (patients["micro_tese"] == 0))


def _icsi_without_sperm(tables: Tables, _: Scenario) -> pd.Series:
    patients = tables["patients"]
    sources = patients[[IN_EJACULATE, RETRIEVED]].astype("Float64")
    found = sources.fillna(0).max(axis=1) == 1
    return _who(patients, (patients["icsi"] == 1) & ~found)


def _born_without_icsi(tables: Tables, _: Scenario) -> pd.Series:
    patients = tables["patients"]
    born = patients[BIRTH].eq(1).fillna(False).astype(bool)
    return _who(patients, born & (patients["icsi"] == 0))


def _embryos_from_nothing(tables: Tables, _: Scenario) -> pd.Series:
    cycles = tables["cycles"]
    pairs = pairwise(_STAGES)
    grown = pd.concat([cycles[after] > cycles[before] for before, after in pairs], axis=1)
    return _who(cycles, grown.any(axis=1) | (cycles["blastocysts"] > cycles[_STAGES[-2]]))


def _more_transferred_than_there_were(tables: Tables, _: Scenario) -> pd.Index:
    used = tables["transfers"].groupby("patient_id")["embryos"].sum()
    there = tables["cycles"].set_index("patient_id")["transferable_embryos"]
    return pd.Index(used[used > there.reindex(used.index).fillna(0)].index)


def _pregnant_by_steps(tables: Tables, _: Scenario) -> pd.Series:
    transfers = tables["transfers"]
    steps = [transfers[f"{name}_pregnancy"] for name in ("biochemical", "clinical")]
    return _who(transfers, (steps[1] > steps[0]) | (transfers[BIRTH] > steps[1]))


def _transferred_after_birth(tables: Tables, _: Scenario) -> pd.Series:
    transfers = tables["transfers"].sort_values(["patient_id", "order"])
    born = transfers.groupby("patient_id")[BIRTH].cumsum() - transfers[BIRTH]
    return _who(transfers, born > 0)


def _who(table: pd.DataFrame, broken: pd.Series) -> pd.Series:
    return table.loc[broken.fillna(False).astype(bool), "patient_id"]


RULES = (
    Rule("both partners are adults", _adults),
    Rule("infertility is not longer than the adult life of either partner", _duration),
    Rule("baseline values lie between plausible limits", _within_limits),
    Rule("a patient has one row", _one_row),
    Rule("nobody is injected without therapy", _injected_without_therapy),
    Rule("a drug is injected once a day at most", _injected_twice),
    Rule("nobody is injected on the day of surgery or later", _injected_after_surgery),
    Rule("visits follow each other", _visits_in_order),
    Rule("surgery follows the last visit", _operated_before_the_last_visit),
    Rule("nobody with sperm in the ejaculate is operated on", _operated_with_sperm),
    Rule("sperm is retrieved only at surgery", _retrieved_without_surgery),
    Rule("ICSI needs sperm", _icsi_without_sperm),
    Rule("a birth follows ICSI", _born_without_icsi),
    Rule("no stage has more embryos than the stage before", _embryos_from_nothing),
    Rule("no more embryos are transferred than there were", _more_transferred_than_there_were),
    Rule("birth follows clinical, and that biochemical pregnancy", _pregnant_by_steps),
    Rule("no embryo is transferred after a birth", _transferred_after_birth),
)
