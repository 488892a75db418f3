"""Invariants of every cohort, for any parameters."""

import dataclasses

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.cohort.draw import draw_cohort
from simulate.core.random_streams import CHUNK
from simulate.hormones.known_values import Assays
from simulate.hormones.therapy import follow
from simulate.scenario import Arm, Scenario
from simulate.scenario.parameter_paths import with_values
from simulate.tables.study_tables import COLUMNS, SITE, dictionary, tables
from tests.support.paper import drawn, paper

seeds = st.integers(0, 2**31)

#: A laboratory that reports FSH to a hundredth.
CENTIUNITS = Assays({"fsh_iu_l": 0.01})


@given(seeds, st.integers(2, 60), st.integers(1, 60))
@settings(max_examples=15)
def test_a_larger_cohort_begins_with_the_smaller_one(seed, few, more):
    small = draw_cohort(paper(), seed, patients=few)
    large = draw_cohort(paper(), seed, patients=few + more)
    for name, table in tables(small).items():
        same = tables(large)[name]
        same = same[same["patient_id"] <= few].reset_index(drop=True)
        pd.testing.assert_frame_equal(table, same, obj=name)


@given(seeds, st.integers(0, 30))
@settings(max_examples=10)
def test_a_study_is_the_same_on_its_own_and_in_a_block(seed, first):
    alone = tables(draw_cohort(paper(), seed, first=first + 1, patients=50))
    block = tables(draw_cohort(paper(), seed, replicates=3, first=first, patients=50), replicate=1)
    for name, table in alone.items():
        pd.testing.assert_frame_equal(table, block[name], obj=name)


@given(seeds, st.integers(1, 400))
@settings(max_examples=3)
def test_slices_of_patients_laid_end_to_end_are_the_whole_study(seed, more):
    whole = tables(draw_cohort(paper(), seed, patients=CHUNK + more, first=7))
    slices = [
        tables(draw_cohort(paper(), seed, patients=patients, first=7, first_patient=first_patient))
        for first_patient, patients in ((0, CHUNK), (CHUNK, more))
    ]
    for name, table in whole.items():
        laid = pd.concat([each[name] for each in slices], ignore_index=True)
        pd.testing.assert_frame_equal(laid, table, obj=name)


def test_both_arms_share_a_patients_random_numbers_so_a_null_effect_changes_nobody():
    null = {f"spermatogenesis.treatment.{route}": 0 for route in ("direct", "long_infertility")}
    cohort = draw_cohort(with_values(paper(), null, "test"), seed=4, patients=500)
    untreated, treated = cohort.paths
    operated = treated.micro_tese
    assert np.array_equal(untreated.sperm_retrieved[operated], treated.sperm_retrieved[operated])


def test_therapy_that_helps_harms_nobody():
    untreated, treated = drawn().paths
    assert (treated.any_sperm >= untreated.any_sperm).all()


def test_a_patient_is_operated_on_or_has_sperm_in_the_ejaculate_and_never_both():
    for path in drawn().paths:
        assert np.array_equal(path.micro_tese, ~path.sperm_in_ejaculate)
        assert not (path.sperm_retrieved & path.sperm_in_ejaculate).any()


def test_the_tables_agree_with_each_other():
    t = tables(drawn(), 3)
    patients = t["patients"].set_index("patient_id")
    treated = patients.index[patients["gonadotropin_therapy"] == 1]
    assert set(t["injections"]["patient_id"]) == set(treated)
    assert (t["injections"]["day"] < 90).all()
    assert t["visits"].groupby("patient_id").size().loc[treated].eq(4).all()
    assert set(t["transfers"]["patient_id"]) == set(patients.index[patients["icsi"] == 1])
    births = t["transfers"].groupby("patient_id")["live_birth"].sum()
    assert births.equals(patients.loc[births.index, "live_birth"].astype(births.dtype))
    tese = t["procedures"].query("procedure == 'micro-TESE'")
    assert set(tese["patient_id"]) == set(patients.index[patients["micro_tese"] == 1])


def test_injections_are_those_of_the_regimen():
    t = tables(drawn(), 0)
    visits = t["visits"].query("month > 0")
    months = t["injections"].assign(month=t["injections"]["day"] // 30 + 1)
    given_ = months.pivot_table("dose_iu", ["patient_id", "month"], "drug", "sum", fill_value=0)
    phase = visits.set_index(["patient_id", "month"])["previous_phase"]
    alone = given_[phase.loc[given_.index] == "hcg"]
    assert (alone["hcg"] == 30_000).all()
    assert (alone["ufsh"] == 0).all()
    both = given_[phase.loc[given_.index] == "hcg-ufsh"]
    assert set(both["hcg"]) <= {14_000, 16_000}
    assert set(both["ufsh"]) <= {7 * 150, 8 * 150}


def with_regimens(untreated: str, treated: str) -> Scenario:
    arms = {
        "untreated": Arm(regimen=untreated, semen_analysis=False),
        "treated": Arm(regimen=treated, semen_analysis=True),
    }
    return paper().model_copy(update={"arms": arms})


def test_injections_of_two_regimens_are_ordered_by_patient_and_day():
    t = tables(draw_cohort(with_regimens("ufsh-only", "hcg-only"), seed=2, patients=80))
    injections, gonadotropin_therapy = (
        t["injections"],
        t["patients"].set_index("patient_id")["gonadotropin_therapy"],
    )
    assert (
        injections["drug"]
        == gonadotropin_therapy.loc[injections["patient_id"]].map({0: "ufsh", 1: "hcg"}).array
    ).all()
    in_order = injections.sort_values(["patient_id", "day"], kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(injections, in_order)
    assert set(injections["patient_id"]) == set(gonadotropin_therapy.index)


def test_without_drugs_there_are_not_injections_and_the_same_columns():
    without = tables(draw_cohort(with_regimens("no-therapy", "no-therapy"), seed=2, patients=40))
    assert len(without["injections"]) == 0
    assert without["injections"].dtypes.equals(tables(drawn(), 0)["injections"].dtypes)
    assert (without["visits"]["month"] == 0).all()


def test_the_truth_contains_the_observed_outcome_of_the_arm_received():
    t = tables(drawn(), 1)
    patients, truth = t["patients"], t["truth"]
    operated = patients["micro_tese"] == 1
    chosen = np.where(
        patients["gonadotropin_therapy"] == 1,
        truth["sperm_retrieved_treated"],
        truth["sperm_retrieved_untreated"],
    )
    assert (patients["sperm_retrieved"][operated].to_numpy(int) == chosen[operated]).all()


def test_every_column_is_in_the_dictionary_with_a_meaning():
    parts = tables(drawn(), 0, exact_days=False)
    listed = dictionary(parts)
    assert listed["meaning"].str.len().gt(5).all()
    for name, table in parts.items():
        assert list(table.columns) == listed.loc[listed["table"] == name, "column"].tolist()
        known = [column.name for column in COLUMNS[name] if column != SITE]
        assert list(table.columns) == known


def test_observed_tables_contain_no_true_values():
    observed = {c.name for n, columns in COLUMNS.items() if n != "truth" for c in columns}
    hidden = {c.name for c in COLUMNS["truth"]} - {"patient_id"}
    assert not observed & hidden


def test_a_cohort_is_frozen():
    assert dataclasses.fields(drawn())
    assert type(drawn()).__dataclass_params__.frozen


@given(st.integers(0, 568), st.floats(0.5, 60))
@settings(max_examples=10)
def test_changing_one_patients_input_changes_no_other_patient(patient, fsh):
    cohort = drawn(1)
    baseline = {name: values.copy() for name, values in cohort.patients.baseline.items()}
    baseline["fsh_iu_l"][0, patient] = fsh
    changed = dataclasses.replace(cohort.patients, baseline=baseline)
    regimen = cohort.paths[1].course.regimen
    before, after = (
        follow(regimen, paper().physiology, patients, cohort.traits, CENTIUNITS)
        for patients in (cohort.patients, changed)
    )
    others = np.arange(569) != patient
    for name in ("phase", "stimulus", "fsh_iu_l", "measured_fsh_iu_l", "fsh_normalised"):
        one, other = getattr(before, name), getattr(after, name)
        assert np.array_equal(one[..., others], other[..., others]), name
    assert after.fsh_iu_l[0, 0, patient] == fsh
