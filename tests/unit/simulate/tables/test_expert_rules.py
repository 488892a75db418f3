"""Simulated patients meet the registered rules of plausibility; impossible patients are found."""

from functools import cache

import pytest

import pretese
from simulate.cohort.draw import draw_cohort
from simulate.scenario.load import load_scenario
from simulate.tables.data_errors import corrupt
from simulate.tables.expert_rules import RULES, broken_rules
from simulate.tables.study_tables import tables


@cache
def study():
    cohort = draw_cohort(load_scenario("paper"), 8, patients=8_000)
    return tables(cohort), cohort


def with_cell(name, column, value, where=None):
    """Return the tables with one value changed in one of them."""
    changed = dict(study()[0])
    table = changed[name].copy()
    again = table.loc[table["order"] == 2, "patient_id"].iloc[0] if "order" in table else 0
    row = table.index[0] if where is None else table.query(where.format(again=again)).index[0]
    table.loc[row, column] = value
    changed[name] = table
    return changed


def test_no_simulated_patient_is_impossible():
    assert broken_rules(study()[0], study()[1].scenario).empty


#: For every rule a change that breaks it: table, column, value, and the row.
BREAKS = {
    "both partners are adults": ("patients", "partner_age_years", 15.0),
    "infertility is not longer than the adult life of either partner": (
        "patients", "infertility_duration_years", 40.0,
    ),
    "baseline values lie between plausible limits": ("patients", "bmi_kg_m2", 220.0),
    "a patient has one row": ("patients", "patient_id", 2),
    "nobody is injected without therapy": (
        "patients", "gonadotropin_therapy", 0, "gonadotropin_therapy == 1",
    ),
    "a drug is injected once a day at most": ("injections", "day", 2, "day == 0"),
    "nobody is injected on the day of surgery or later": (
        "operations", "day", 30, "day == 90",
    ),
    "visits follow each other": ("visits", "day", 20, "month == 2"),
    "surgery follows the last visit": ("operations", "day", 30, "day == 90"),
    "nobody with sperm in the ejaculate is operated on": (
        "patients", "micro_tese", 1, "sperm_in_ejaculate == 1",
    ),
    "sperm is retrieved only at surgery": ("patients", "micro_tese", 0, "sperm_retrieved == 1"),
    "ICSI needs sperm": ("patients", "icsi", 1, "sperm_retrieved == 0"),
    "a birth follows ICSI": ("patients", "icsi", 0, "live_birth == 1"),
    "no stage has more embryos than the stage before": ("cycles", "mii_oocytes", 99),
    "no more embryos are transferred than there were": ("transfers", "embryos", 40),
    "birth follows clinical, and that biochemical pregnancy": (
        "transfers", "clinical_pregnancy", 0, "live_birth == 1",
    ),
    "no embryo is transferred after a birth": (
        "transfers", "live_birth", 1, "patient_id == {again} and order == 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_finds_the_row_that_breaks_it(rule):
    broken = broken_rules(with_cell(*BREAKS[rule.name]), study()[1].scenario)
    assert rule.name in set(broken["rule"])


def test_data_errors_break_the_expected_rules():
    clean, cohort = study()
    corrupted = corrupt(clean, 0.02, cohort.streams)
    numbers = corrupted.tables["patients"].assign(
        **{name: clean["patients"][name] for name in ("lh_iu_l", "estradiol_pmol_l")},
        testis_volume_ml=clean["patients"]["testis_volume_ml"],
    )
    broken = broken_rules({**clean, "patients": numbers}, cohort.scenario)
    labels = corrupted.labels
    for kind, rule in (
        ("repeated row", "a patient has one row"),
        ("impossible value", "both partners are adults"),
        ("code for missing", "baseline values lie between plausible limits"),
        ("decimal point lost", "baseline values lie between plausible limits"),
    ):
        hit = set(labels.loc[labels["kind"] == kind, "patient_id"])
        assert hit <= set(broken.loc[broken["rule"] == rule, "patient_id"]), kind


def test_the_interface_lists_broken_rules():
    paper = pretese.scenario("paper")
    assert paper.simulate(patients=60).broken_rules().empty
    corrupted = paper.simulate(patients=200, data_errors=5)
    kinds = corrupted.data_errors.query("kind == 'impossible value'")
    broken = corrupted.broken_rules().query("rule == 'both partners are adults'")
    assert set(kinds["patient_id"]) == set(broken["patient_id"])
    with pytest.raises(TypeError, match="take one"):
        paper.simulate(patients=10, replicates=2).broken_rules()
