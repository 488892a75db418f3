"""Invariants of every clinic, for any slots, waiting lists, patience and seed."""

from math import inf

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.clinic.capacity.queues import queue_by_day
from simulate.clinic.courses.delays import SEMEN_WORK
from simulate.clinic.flow import steps
from simulate.clinic.flow.run_clinic import Run, run_clinic
from simulate.clinic.records.clinic_tables import clinic_tables
from simulate.clinic.records.event_log import event_log
from simulate.clinic.records.milestones import milestones
from simulate.scenario.load import load_scenario
from tests.support.clinics import assumed, clinic, constant, exponential, ledger, shipped

WORKING_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


@st.composite
def clinics(draw):
    """Draw small clinics with scarce capacity in any part, and patients who may stop waiting."""
    parts = {
        "referrals": {"patients_per_week": assumed(draw(st.sampled_from([2, 10, 40])), "1/wk")},
        "horizon_days": 500,
        "holidays": draw(st.sampled_from([(), ("2026-01-06", "2026-04-06", "2026-12-25")])),
        "intervals": {"time_to_choose": exponential(draw(st.integers(0, 30)), "d")},
    }
    if draw(st.booleans()):
        slots = {day: draw(st.integers(0, 6)) for day in WORKING_DAYS} | {"wednesday": 6}
        parts["outpatients"] = {
            "slots": slots,
            "first_slot": "09:00",
            "minutes": 20,
            "follow_up_only": draw(st.integers(0, 4)),
        }
    if draw(st.booleans()):
        parts["laboratory"] = {
            "hormones": {"analysers": 1, "work": exponential(60, "min")},
            "semen": {"analysers": 2, "work": constant(90, "min")},
        }
    if draw(st.booleans()):
        lists = [
            {"weekday": day, "start": "08:00", "minutes": 240, "surgeon": day}
            for day in draw(st.lists(st.sampled_from(WORKING_DAYS), min_size=1, unique=True))
        ]
        operation = {"mean": assumed(72.6, "min"), "sd": assumed(33.9, "min"), "form": "lognormal"}
        parts["theatre"] = {"lists": lists, "operation": operation, "turnover_minutes": 20}
        if draw(st.booleans()):
            parts["patience"] = {"theatre": exponential(draw(st.integers(5, 100)), "d")}
        parts["priorities"] = [
            {"when": {"partner_age_years": "at least 32"}, "rank": 1, "why": "test"}
        ]
    if draw(st.booleans()):
        places = dict.fromkeys(WORKING_DAYS, 1)
        parts["embryology"] = {"oocyte_retrievals": places, "transfers": places}
    return clinic(**parts)


some_runs = given(clinic=clinics(), seed=st.integers(0, 2**20))


def ran(one, seed: int) -> Run:
    return run_clinic(one, load_scenario("paper"), seed, patients=60)


def own_steps(run: Run, patient: int) -> list[tuple[float, float, float]]:
    """Return a patient's steps in order of time: requested, started, completed."""
    book = ledger(run)
    found = [
        (book.asked[step][patient], book.start[step][patient], book.complete[step][patient])
        for step in range(len(book.asked))
        if book.asked[step][patient] == book.asked[step][patient]
    ]
    return sorted(found, key=lambda times: (times[0], times[1], times[2]))


@some_runs
@settings(max_examples=20)
def test_every_patient_has_exactly_one_end_and_one_activity_at_a_time(clinic, seed):
    run = ran(clinic, seed)
    referred = ledger(run).referred
    for patient in range(60):
        if referred[patient] != referred[patient]:
            assert own_steps(run, patient) == []
            continue
        assert ledger(run).end[patient] != steps.UNDER_WAY
        before = referred[patient]
        for asked, start, complete in own_steps(run, patient):
            assert asked >= before
            if start == start:
                assert asked <= start <= complete
                before = complete
            else:  # a patient who was never served has no later step
                assert ledger(run).end[patient] in {steps.DECLINED, steps.LEFT_LIST}
                before = inf
        if before < inf:
            assert ledger(run).end_day[patient] == before


@some_runs
@settings(max_examples=10)
def test_on_any_day_every_patient_is_in_one_place(clinic, seed):
    run = ran(clinic, seed)
    whole = milestones(run)
    for day in (30.0, 200.0, 500.0):
        known = event_log(run, day)
        came = int((ledger(run).referred <= day).sum())
        assert known["case"].nunique() == came
        open_rows = known[known["status"].isin(["waiting", "ongoing"])]
        assert not open_rows["case"].duplicated().any()
        ended = known[known["activity"] == "end"]["case"]
        assert not set(open_rows["case"]) & set(ended)
        assert len(ended) == (whole["end_day"] <= day + 1e-4).sum()


@some_runs
@settings(max_examples=10)
def test_no_dose_after_therapy_and_no_result_before_its_cause(clinic, seed):
    run = ran(clinic, seed)
    log = event_log(run)
    injections = log[log["activity"].str.startswith("injection")]
    last = injections.groupby("case")["start"].max()
    for after in ("semen analysis", "micro-TESE", "ICSI"):
        begun = log[log["activity"] == after].set_index("case")["start"]
        both = last.index.intersection(begun.dropna().index)
        assert (last[both] <= begun[both]).all()
    choice = log[log["activity"] == "choice of therapy"].set_index("case")["start"]
    first = injections.groupby("case")["start"].min()
    assert (first >= choice[first.index]).all()
    for month in (2, 3):
        decided = log[log["activity"] == f"decision for month {month}"].set_index("case")["start"]
        known = log[log["activity"] == f"hormones after month {month - 1}"].set_index("case")
        both = decided.index.intersection(known.index)
        assert (decided[both] >= known["complete"][both]).all()
    assert (log["start"] >= log["scheduled"]).to_numpy()[log["start"].notna()].all()
    assert (log["complete"] >= log["start"]).to_numpy()[log["complete"].notna()].all()


@some_runs
@settings(max_examples=10)
def test_no_resource_exceeds_its_capacity(clinic, seed):
    run = ran(clinic, seed)
    book = ledger(run)
    if clinic.outpatients:
        visits = [book.start[s] for s in (0, steps.COUNSELLING, *steps.MONTH_VISIT)]
        starts = np.concatenate(visits)
        starts = starts[~np.isnan(starts)]
        assert len(np.unique(starts)) == len(starts)  # one patient per slot
        days, used = np.unique(np.floor(starts).astype(int), return_counts=True)
        assert all(n <= run.places.outpatients.offered(d) for d, n in zip(days, used, strict=True))
    if clinic.theatre:
        began, ended = (each[steps.MICRO_TESE] for each in (book.start, book.complete))
        number = book.list_number
        for each in range(len(clinic.theatre.lists)):
            mine = np.flatnonzero((number == each) & ~np.isnan(began))
            order = mine[np.argsort(began[mine])]
            assert (began[order][1:] >= ended[order][:-1]).all()
            weekday = clinic.theatre.lists[each].weekday
            assert {run.places.calendar.weekday(int(day)) for day in began[mine]} <= {weekday}
            assert all(run.places.calendar.is_open(int(day)) for day in began[mine])
    if clinic.laboratory.semen.analysers:
        which = (*steps.SEMEN_SAMPLES, steps.SEMEN_ANALYSIS)
        begin = np.concatenate([book.start[s] for s in which])
        work = run.batches.delays(0, run.patients)[:, SEMEN_WORK : SEMEN_WORK + 3].T.ravel()
        on = ~np.isnan(begin)
        moments = begin[on]
        busy = [((begin[on] <= t) & (t < begin[on] + work[on])).sum() for t in moments]
        assert max(busy, default=0) <= 2


@some_runs
@settings(max_examples=8)
def test_records_known_on_a_day_are_part_of_later_records(clinic, seed):
    run = ran(clinic, seed)
    early, late = clinic_tables(run, 250.0), clinic_tables(run)
    for name in ("injections", "procedures", "transfers"):
        merged = early[name].merge(late[name], how="left", indicator=True)
        assert (merged["_merge"] == "both").all(), name
    assert len(early["patients"]) <= len(late["patients"])
    log = event_log(run, 250.0)
    whole = event_log(run)
    done = log[log["status"] == "complete"]
    keys = ["case", "activity", "scheduled", "start", "complete", "detail"]
    as_text = done[keys].astype(str).merge(whole[keys].astype(str), how="left", indicator=True)
    assert (as_text["_merge"] == "both").all()


@some_runs
@settings(max_examples=10)
def test_queue_lengths_add_up(clinic, seed):
    run = ran(clinic, seed)
    queue = queue_by_day(run, "", 500)
    asked, start = (each[steps.MICRO_TESE] for each in (ledger(run).asked, ledger(run).start))
    gone = np.where(np.isnan(start), ledger(run).end_day, start)
    for day in (0, 123, 400):
        assert queue[day] == ((asked <= day) & (gone > day)).sum()


def test_the_same_call_gives_the_same_log():
    one, other = (event_log(ran(shipped("one-centre"), 7)) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def test_another_clinic_does_not_change_the_patients_or_their_days():
    busy = shipped("busy-theatre")
    more = busy.theatre.model_copy(update={"turnover_minutes": 5})
    runs = [ran(each, 7) for each in (busy, busy.model_copy(update={"theatre": more}))]
    referred = [np.array(ledger(run).referred) for run in runs]
    assert np.array_equal(*referred, equal_nan=True)
    operated = [
        np.array(ledger(r).complete[steps.MICRO_TESE]) - np.array(ledger(r).start[steps.MICRO_TESE])
        for r in runs
    ]
    both = ~np.isnan(operated[0]) & ~np.isnan(operated[1])
    assert operated[0][both] == pytest.approx(operated[1][both])
