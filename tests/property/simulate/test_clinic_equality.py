"""A clinic without capacity limits or delays reproduces the numpy engine, patient by patient."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import InputError
from protocol.regimen.load import list_regimens, load_regimen
from simulate.clinic.courses.decisions import Rules
from simulate.clinic.flow.run_clinic import run_clinic
from simulate.clinic.records.clinic_tables import clinic_tables
from simulate.cohort.draw import draw_cohort
from simulate.core.coding import ARMS
from simulate.core.shipped import scenario_names
from simulate.hormones.traits import MONTHS
from simulate.scenario import Arm, Scenario
from simulate.scenario.load import load, load_scenario
from simulate.scenario.parameter_paths import with_values
from simulate.tables.study_tables import tables
from tests.support.clinics import clinic, constant, shipped


def assert_equal(scenario: Scenario, seed: int, replicate: int, patients: int) -> None:
    mine = clinic_tables(run_clinic(shipped("unlimited"), scenario, seed, replicate, patients))
    theirs = tables(draw_cohort(scenario, seed, first=replicate, patients=patients))
    assert set(mine) == set(theirs) - {"truth"}
    for name, table in mine.items():
        pd.testing.assert_frame_equal(table, theirs[name], check_exact=True, obj=name)


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_scenario_gives_the_same_tables(name):
    assert_equal(load_scenario(name), seed=3, replicate=0, patients=300)


def test_a_regimen_that_titrates_to_testosterone_gives_the_same_tables():
    scenario = load_scenario("paper")
    treated = Arm(regimen="hcg-titrated", semen_analysis=True)
    arms = {**scenario.arms, "treated": treated}
    assert_equal(scenario.model_copy(update={"arms": arms}), 7, 0, 60)


@given(seed=st.integers(0, 2**32), replicate=st.integers(0, 50), patients=st.integers(2, 60))
@settings(max_examples=4)
def test_any_seed_study_and_size_gives_the_same_tables(seed, replicate, patients):
    assert_equal(load_scenario("paper"), seed, replicate, patients)


#: Scenario parameters that determine the course of a patient, with wide ranges.
NUMBERS = {
    "choice.intercept": st.floats(-3, 3),
    "physiology.suppressible_share": st.floats(0, 1),
    "physiology.unsuppressed_ratio": st.floats(0.05, 1),
    "physiology.assay_log_sd": st.floats(0, 0.5),
    "physiology.suppressed_fsh_iu_l": st.floats(0.2, 3),
    "population.marginals.fsh_iu_l.median": st.floats(2, 60),
    "spermatogenesis.treatment.direct": st.floats(-1, 4),
    "spermatogenesis.treatment.through_fsh_normalised": st.floats(0, 2),
    "spermatogenesis.treatment.through_testosterone_per_log": st.floats(0, 2),
    "spermatogenesis.spermatogenic_liability.idiopathic": st.floats(-3, 3),
    "spermatogenesis.spontaneous_share": st.floats(0, 1),
    "spermatogenesis.semen_analysis_sensitivity": st.floats(0, 1),
    "behaviour.missed_share": st.floats(0, 0.5),
    "behaviour.dropout_share": st.floats(0, 0.9),
    "behaviour.stop_after_failure": st.floats(0, 1),
    "surgery.frozen_share": st.floats(0, 1),
    "surgery.thaw_failure": st.floats(0, 1),
    "fertility.willing_share": st.floats(0, 1),
    "fertility.miscarriage": st.floats(0, 1),
    "fertility.transfer_intercept": st.floats(-3, 3),
    "measurement.rounded_to.fsh_iu_l": st.sampled_from([0.01, 0.1, 1.0]),
    "measurement.missing.fsh_iu_l": st.floats(0, 0.6),
}
#: Regimens of the drugs defined in the scenario.
REGIMENS = st.sampled_from(
    [name for name in list_regimens() if load_regimen(name).months <= MONTHS]
)


@given(
    seed=st.integers(0, 2**32),
    changes=st.fixed_dictionaries({}, optional=NUMBERS),
    regimens=st.tuples(REGIMENS, REGIMENS),
    checks=st.tuples(st.booleans(), st.booleans()),
)
@settings(max_examples=10)
def test_any_scenario_gives_the_same_tables(seed, changes, regimens, checks):
    scenario = with_values(load_scenario("paper"), changes, "test", beyond_sweep=True)
    arms = {
        arm: Arm(regimen=regimen, semen_analysis=check)
        for arm, regimen, check in zip(ARMS, regimens, checks, strict=True)
    }
    assert_equal(scenario.model_copy(update={"arms": arms}), seed, 0, 40)


def shorter(tmp_path: Path, months: int) -> str:
    """Write a user's regimen file: hCG monotherapy for the given number of months."""
    source = Path(__file__).parents[3] / "protocol" / "regimens" / "hcg-only.yaml"
    text = source.read_text().replace("id: hcg-only", f"id: hcg-for-{months}", 1)
    text = text.replace("version: 1.0.0", f"version: 1.0.0\nmonths: {months}", 1)
    during = "2" if months == 2 else f"2 to {months}"
    text = text.replace("month: 2 to 3", f"month: {during}")
    path = tmp_path / f"{months}.yaml"
    path.write_text(text.replace("month: above 3", f"month: above {months}"))
    return str(path)


def test_surgery_follows_the_end_of_each_patients_own_regimen(tmp_path):
    paper = load_scenario("paper")
    arms = {
        "untreated": Arm(regimen="hcg-only", semen_analysis=True),
        "treated": Arm(regimen=shorter(tmp_path, 2), semen_analysis=True),
    }
    scenario = with_values(
        paper.model_copy(update={"arms": arms}),
        {"behaviour.dropout_share": 0.3, "behaviour.missed_share": 0.1}, "test",
    )  # fmt: skip
    assert_equal(scenario, seed=3, replicate=0, patients=200)
    parts = tables(draw_cohort(scenario, 3, patients=200))
    gonadotropin_therapy = parts["patients"].set_index("patient_id")["gonadotropin_therapy"]
    for name in ("procedures", "operations"):
        table = parts[name]
        assert (table["day"] == np.where(gonadotropin_therapy[table["patient_id"]], 60, 90)).all()
    visits, injections = (
        parts[name].groupby(gonadotropin_therapy[parts[name]["patient_id"]].to_numpy())["day"].max()
        for name in ("visits", "injections")
    )
    assert visits.to_dict() == {0: 90, 1: 60}
    assert injections[1] == 58
    completed = parts["patients"].groupby("gonadotropin_therapy")["completed"].mean()
    assert 0.6 < completed[0] < 0.8 < completed[1] < 0.95  # two months are all of two


def test_a_regimen_longer_than_the_simulated_body_is_refused(tmp_path):
    arms = {"treated": Arm(regimen=shorter(tmp_path, 4), semen_analysis=True)}
    paper = load_scenario("paper")
    longer = paper.model_copy(update={"arms": paper.arms | arms})
    with pytest.raises(InputError, match="up to 3 months"):
        draw_cohort(longer, 1, patients=20)
    with pytest.raises(InputError, match="up to 3 months") as caught:
        run_clinic(shipped("unlimited"), longer, 1, patients=20)
    assert [fault.field for fault in caught.value.faults] == ["months"]


def test_decisions_are_those_of_the_table_and_a_wrong_one_is_detected(monkeypatch):
    honest = Rules.phase

    def forgets_month_2(self, batch, phases):
        place, phase = honest(self, batch, phases)
        return (place, "hcg") if phase == "hcg-ufsh" else (place, phase)

    monkeypatch.setattr(Rules, "phase", forgets_month_2)
    with pytest.raises(AssertionError, match=r"visits|injections|patients"):
        assert_equal(load_scenario("paper"), seed=3, replicate=0, patients=300)


@pytest.mark.parametrize("where", ["one-centre", "busy-theatre"])
def test_waiting_changes_no_clinical_value(where):
    patient_clinic = shipped(where).model_copy(update={"patience": clinic().patience})
    paper = load_scenario("paper")
    waited = clinic_tables(run_clinic(patient_clinic, paper, 5, patients=400))
    at_once = tables(draw_cohort(paper, 5, patients=400))
    untimed = {"patients": "enrolled_day", "cycles": [], "transfers": []}
    for name, columns in untimed.items():
        for each in (waited, at_once):
            each[name] = each[name].drop(columns=columns)
        pd.testing.assert_frame_equal(waited[name], at_once[name], obj=name)
    for name in ("visits", "procedures"):
        pd.testing.assert_frame_equal(
            waited[name].drop(columns="day"), at_once[name].drop(columns="day"), obj=name
        )
    doses = ["patient_id", "drug", "dose_iu"]
    for one, other in ((waited, at_once),):
        counts = [each["injections"].groupby(doses).size() for each in (one, other)]
        assert counts[0].equals(counts[1])
    assert (waited["visits"]["day"] >= at_once["visits"]["day"]).all()
    assert (waited["visits"]["day"] > at_once["visits"]["day"]).any()


def test_a_waning_effect_finds_no_more_sperm_and_only_among_the_treated():
    late = {"effect_half_life": {**constant(60, "d")["mean"]}}
    theatre = {
        "lists": [{"weekday": "monday", "start": "08:00", "minutes": 200, "surgeon": "A"}],
        "operation": constant(60, "min"),
    }
    paper = with_values(load_scenario("paper"), {"population.recruitment_days": 0.5}, "test")
    kept, faded = (
        clinic_tables(run_clinic(clinic(theatre=theatre, **more), paper, 2, patients=400))[
            "patients"
        ]
        for more in ({}, {"biology": late})
    )
    untreated = kept["gonadotropin_therapy"] == 0
    assert faded["sperm_retrieved"][untreated].equals(kept["sperm_retrieved"][untreated])
    lost = (kept["sperm_retrieved"] == 1) & (faded["sperm_retrieved"] == 0)
    gained = (kept["sperm_retrieved"] == 0) & (faded["sperm_retrieved"] == 1)
    assert lost.sum() > 5
    assert not gained.any()
    at_once = clinic_tables(run_clinic(clinic(biology=late), paper, 2, patients=400))["patients"]
    assert at_once.equals(clinic_tables(run_clinic(clinic(), paper, 2, patients=400))["patients"])


def test_an_older_partner_never_improves_the_outcome():
    slow = {"intervals": {"to_stimulation": constant(5 * 365, "d")}}
    paper = with_values(
        load_scenario("paper"), {"fertility.transfer_per_partner_year": -0.3}, "test",
        beyond_sweep=True,
    )  # fmt: skip
    same, older = (
        clinic_tables(run_clinic(clinic(**slow, **more), paper, 2, patients=800))["patients"]
        for more in ({}, {"biology": {"partner_ages": True}})
    )
    assert same["icsi"].equals(older["icsi"])
    born = same["live_birth"].fillna(0).astype(int), older["live_birth"].fillna(0).astype(int)
    assert (born[1] <= born[0]).all()
    assert born[1].sum() < born[0].sum()


def test_a_users_scenario_file_gives_the_same_tables(tmp_path):
    path = Path(tmp_path) / "mine.yaml"
    source = Path(__file__).parents[3] / "scenarios" / "paper.yaml"
    path.write_text(source.read_text().replace("id: paper", "id: mine", 1))
    scenario = load(path, need_record=False).unsolved
    assert_equal(scenario, seed=9, replicate=1, patients=50)


def test_a_patient_who_misses_every_injection_comes_to_his_visits_in_both_engines():
    arms = dict.fromkeys(("untreated", "treated"), Arm(regimen="fsh-guided", semen_analysis=False))
    careless = {"behaviour.missed_share": 0.5, "behaviour.dropout_share": 0.5}
    scenario = with_values(load_scenario("paper"), careless, "test", beyond_sweep=True)
    scenario = scenario.model_copy(update={"arms": arms})
    parts = tables(draw_cohort(scenario, 12244538, patients=40))
    without = set(parts["patients"].patient_id) - set(parts["injections"].patient_id)
    assert without
    assert (parts["visits"].groupby("patient_id").size() == 4).all()
    assert_equal(scenario, seed=12244538, replicate=0, patients=40)


def test_a_larger_clinic_begins_with_the_smaller_one():
    paper = load_scenario("paper")
    small = clinic_tables(run_clinic(shipped("unlimited"), paper, 4, patients=50))["patients"]
    large = clinic_tables(run_clinic(shipped("unlimited"), paper, 4, patients=300))["patients"]
    assert small.equals(large.head(50).astype(small.dtypes.to_dict()))
    assert np.array_equal(small["patient_id"], np.arange(1, 51))
