"""Memory holds only patients in care, whatever their total, and the tables stay the same."""

import gc
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pretese.clinic.clinic_files import write_run
from simulate.clinic.capacity.exact_quantiles import quantiles
from simulate.clinic.capacity.queues import in_clinic_by_day, queue_by_day
from simulate.clinic.capacity.run_measures import measures
from simulate.clinic.courses import disk_store as storage
from simulate.clinic.courses.disk_store import Store
from simulate.clinic.flow import steps
from simulate.clinic.flow.patient_state import Case
from simulate.clinic.flow.run_clinic import run_clinic
from simulate.clinic.records.clinic_tables import clinic_tables
from simulate.clinic.records.event_log import event_log
from simulate.clinic.records.milestones import milestones
from simulate.cohort.draw import draw_cohort
from simulate.core.random_streams import CHUNK
from simulate.scenario.load import load_scenario
from simulate.scenario.parameter_paths import with_values
from simulate.tables.study_tables import tables
from tests.support.clinics import assumed, clinic, constant, exponential, ledger, shipped


@pytest.fixture
def small_slices(monkeypatch):
    """Slices of sixteen patients, and hardly anything kept in memory."""
    for module in (
        "simulate.core.random_streams",
        "simulate.clinic.courses.batches",
        "simulate.clinic.flow.run_clinic",
    ):
        monkeypatch.setattr(f"{module}.CHUNK", 16)
    monkeypatch.setattr(storage, "IN_MEMORY", 1000)


def test_slices_of_patients_give_the_tables_of_the_numpy_engine(small_slices):
    paper = load_scenario("paper")
    mine = clinic_tables(run_clinic(shipped("unlimited"), paper, 3, 1, 150))
    theirs = tables(draw_cohort(paper, 3, first=1, patients=150))
    for name, table in mine.items():
        pd.testing.assert_frame_equal(table, theirs[name], check_exact=True, obj=name)


def test_a_run_of_several_full_slices_equals_the_numpy_engine():
    paper = load_scenario("paper")
    patients = CHUNK + 50
    run = run_clinic(shipped("unlimited"), paper, 3, patients=patients)
    mine, theirs = clinic_tables(run), tables(draw_cohort(paper, 3, patients=patients))
    for name, table in mine.items():
        pd.testing.assert_frame_equal(table, theirs[name], check_exact=True, obj=name)
    assert milestones(run)["patient_id"].tolist() == list(range(1, patients + 1))
    assert (run.ledger.columns(CHUNK, patients).end > 0).all()


def test_reading_by_slices_changes_no_measure(monkeypatch):
    busy = shipped("busy-theatre")
    run = run_clinic(busy, load_scenario("paper"), 3, patients=700)
    whole = measures(run), in_clinic_by_day(run), queue_by_day(run)
    book = ledger(run)
    asked, start = book.asked[steps.MICRO_TESE], book.start[steps.MICRO_TESE]
    counted = (asked >= busy.warm_up_days) & (asked <= busy.horizon_days) & ~np.isnan(start)
    assert counted.sum() > 50
    assert whole[0]["p90_wait_days"] == np.quantile((start - asked)[counted], 0.9)
    monkeypatch.setattr("simulate.clinic.flow.run_clinic.CHUNK", 64)
    assert len(list(run.parts())) == 11
    assert measures(run) == pytest.approx(whole[0], nan_ok=True, rel=1e-12)
    assert np.array_equal(in_clinic_by_day(run), whole[1])
    assert np.array_equal(queue_by_day(run), whole[2])


def test_only_patients_in_care_take_memory():
    """Forty patients a day, each in care for a day: few at a time, and none at the end."""
    paper = with_values(load_scenario("paper"), {"choice.intercept": -60}, "test")
    quick = clinic(
        referrals={"patients_per_week": assumed(280, "1/wk")},
        horizon_days=100_000,
        intervals={"between_semen_samples": constant(1, "d")},
    )
    held = []

    def count(_: int = 0) -> None:
        if len(held) < 6:
            held.append(sum(isinstance(each, Case) for each in gc.get_objects()))

    gc.collect()
    count()
    run = run_clinic(quick, paper, 1, patients=1500, tell=count)
    assert 10 < max(held) - held[0] < 120
    del held[1:]
    count()
    assert held[1] == held[0]
    assert (run.ledger.columns(0, 1500).end > 0).all()


def test_older_partners_in_slices_are_as_old_as_in_one(small_slices, monkeypatch):
    slow = clinic(
        intervals={"to_stimulation": exponential(900, "d")}, biology={"partner_ages": True}
    )
    run = run_clinic(slow, load_scenario("paper"), 2, patients=150)
    aged = np.concatenate([part.columns.quarters for part in run.parts()])
    assert len(np.unique(aged)) > 5
    transfers = clinic_tables(run)["transfers"]
    for part in run.parts():
        for quarters in np.unique(part.columns.quarters):
            couples = part.courses.couples(int(quarters))
            mine = np.flatnonzero(part.columns.quarters == quarters)
            rows = transfers[transfers["patient_id"].isin(mine + part.first + 1)]
            patient, number = rows["patient_id"] - 1 - part.first, rows["order"] - 1
            assert np.array_equal(rows["live_birth"], couples.born[0, patient, number])


def test_files_are_written_in_the_order_of_patients(small_slices, tmp_path):
    run = run_clinic(shipped("busy-theatre"), load_scenario("paper"), 3, patients=200)
    rows = write_run(run, tmp_path, "parquet", xes=False)
    log = pd.read_parquet(tmp_path / "log.parquet")
    assert rows["log"] == len(log) == len(event_log(run))
    assert log["case"].is_monotonic_increasing
    assert pd.read_parquet(tmp_path / "patients.parquet")["patient_id"].is_monotonic_increasing


def test_a_store_on_disk_returns_the_records_written(monkeypatch):
    monkeypatch.setattr(storage, "IN_MEMORY", 100)
    store = Store(8)
    order = np.random.default_rng(1).permutation(300)
    for number in order.tolist():
        store.put(number, int(number).to_bytes(8, "little"))
    assert store._disk is not None
    found = np.frombuffer(store.get(0, 310), np.int64)
    assert found.tolist() == [*range(300), *[0] * 10]
    assert int.from_bytes(store.get(7), "little") == 7


@given(
    numbers=st.lists(st.floats(0, 1e9, allow_nan=False), min_size=1, max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=4),
    share=st.floats(0, 1),
)
def test_quantiles_in_two_passes_equal_those_of_numpy(numbers, cuts, share):
    values = np.array(numbers)
    edges = [0, *sorted(cuts), len(values)]
    blocks = [values[low:high] for low, high in pairwise(edges)]
    found = quantiles(lambda: blocks, [share, 0.5])
    assert found == [np.quantile(values, share), np.quantile(values, 0.5)]


def test_quantiles_of_no_values_are_nan():
    assert np.isnan(quantiles(list, [0.5, 0.9])).all()
