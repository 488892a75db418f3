"""The parts of a clinic by hand: calendar, slots, lists, waiting list, log, measures, search."""

import datetime as dt
import io
import xml.etree.ElementTree as ET
from math import nan

import numpy as np
import pandas as pd
import pytest
import simpy

from protocol.errors import InputError
from simulate.clinic.capacity.queues import queue_by_day
from simulate.clinic.capacity.replicates import (
    Goal,
    Interval,
    Replicate,
    interval,
    precise,
    read_goal,
    until_precise,
)
from simulate.clinic.capacity.required_capacity import solve, with_capacity
from simulate.clinic.capacity.run_measures import measures
from simulate.clinic.flow import steps
from simulate.clinic.flow.run_clinic import run_clinic
from simulate.clinic.flow.theatre import WaitingList
from simulate.clinic.records.clinic_tables import clinic_tables
from simulate.clinic.records.event_log import event_log, timestamps
from simulate.clinic.records.event_rows import STATUS
from simulate.clinic.records.milestones import milestones
from simulate.clinic.records.xes import XesWriter
from simulate.clinic.setup.durations import days
from simulate.clinic.setup.equipment import Theatre
from simulate.clinic.setup.opening_days import Calendar, Slots
from simulate.clinic.setup.referrals import Waiting, patients_to_simulate, referral_days
from simulate.clinic.setup.time_units import MONTH_NAMES
from simulate.cohort.draw import draw_cohort
from simulate.core.random_streams import RandomStreams
from simulate.scenario.load import load_scenario
from simulate.scenario.parameter_paths import with_values
from simulate.tables.study_tables import tables
from tests.support.clinics import (
    assumed,
    clinic,
    constant,
    courses,
    every_day,
    everybody_untreated,
    exponential,
    ledger,
    shipped,
)

MONDAY = dt.date(2026, 1, 5)


def test_the_calendar_knows_weekdays_weeks_and_holidays():
    thursday = Calendar(dt.date(2026, 1, 1), [dt.date(2026, 1, 6)])
    assert [thursday.weekday(day) for day in (0, 3, 4)] == ["thursday", "sunday", "monday"]
    assert [thursday.week(day) for day in (0, 3, 4, 11)] == [0, 0, 1, 2]
    assert [thursday.is_open(day) for day in (-1, 0, 4, 5, 6)] == [False, True, True, False, True]


def test_slots_are_given_out_in_order_on_open_days_only():
    slots = Slots(Calendar(MONDAY, [dt.date(2026, 1, 7)]), {"monday": 1, "wednesday": 2},
                  first=0.25, minutes=360)  # fmt: skip
    given = [slots.book(0.5, 0.5) for _ in range(4)]
    assert given == [
        7.25,
        9.25,
        9.5,
        14.25,
    ]  # no slot is left today, and the first Wednesday is a holiday
    assert slots.book(0.5, 20.0) == 21.25
    assert slots.book(0.5, 0.5) == 16.25


def test_some_slots_are_kept_for_follow_ups():
    slots = Slots(Calendar(MONDAY), {"tuesday": 2}, kept=1)
    assert slots.book(0.0, 0.0, follow_up=False) == 1
    assert slots.book(0.0, 0.0, follow_up=False) == 8
    assert slots.book(0.0, 0.0) == 1
    assert slots.book(0.0, 0.0) == 8
    assert slots.book(0.0, 0.0, follow_up=False) == 15


def test_asking_when_a_slot_is_free_takes_none():
    slots = Slots(Calendar(MONDAY), {"tuesday": 1})
    assert slots.first_free(0.0, 0.0) == slots.first_free(0.0, 0.0) == slots.book(0.0, 0.0) == 1


def held(patients, lists, **more):
    """Operate on (patient, joins, rank, minutes, patience); return when each operation began."""
    theatre = Theatre.model_validate({"lists": lists, "operation": constant(60, "min"), **more})
    env = simpy.Environment()
    began, left = {}, {}
    waiting = WaitingList(
        env,
        Calendar(MONDAY),
        theatre,
        1 / 24,
        lambda patient, number: began.update({patient: (env.now, number)}),
    )

    def one(patient, joins, rank, minutes, patience):
        yield env.timeout(joins)
        served = yield from waiting.wait(patient, rank, minutes / 1440, env.now, patience)
        if not served:
            left[patient] = env.now

    for patient in patients:
        env.process(one(*patient))
    env.run()
    return began, left


LIST = {"weekday": "tuesday", "start": "00:00", "minutes": 180, "surgeon": "A"}


def test_a_list_takes_patients_by_rank_then_by_time_while_a_case_still_fits():
    inf = float("inf")
    patients = [
        (1, 0.1, 5, 60, inf),
        (2, 0.2, 1, 60, inf),
        (3, 0.3, 5, 60, inf),
        (4, 0.4, 5, 60, inf),
    ]
    began, _ = held(patients, [LIST])
    hour = 1 / 24
    assert began[2][0] == 1
    assert began[1][0] == pytest.approx(1 + hour, abs=1e-4)
    assert began[3][0] == pytest.approx(1 + 2 * hour, abs=1e-4)
    assert began[4][0] == 8  # the list is full; the next is a week later


def test_a_long_case_is_finished_and_the_next_does_not_begin():
    inf = float("inf")
    began, _ = held([(1, 0, 1, 150, inf), (2, 0, 2, 60, inf)], [LIST])
    assert began[1][0] == 1
    assert began[2][0] == 8


def test_turnover_counts():
    inf = float("inf")
    patients = [(patient, 0, patient, 60, inf) for patient in (1, 2, 3)]
    began, _ = held(patients, [LIST], turnover_minutes=30)
    assert began[2][0] == pytest.approx(1 + 90 / 1440, abs=1e-4)
    assert began[3][0] == 8


def test_a_patient_who_loses_patience_leaves_and_the_next_takes_the_slot():
    inf = float("inf")
    patients = [(1, 0, 1, 180, inf), (2, 0.1, 2, 60, 3.0), (3, 0.2, 3, 60, inf)]
    began, left = held(patients, [LIST])
    assert left == {2: pytest.approx(3.1)}
    assert began[3][0] == 8


def test_lists_every_second_week():
    inf = float("inf")
    patients = [(patient, 0, patient, 180, inf) for patient in (1, 2, 3)]
    began, _ = held(patients, [{**LIST, "every_weeks": 2, "first_week": 1}])
    assert [began[patient][0] for patient in (1, 2, 3)] == [8, 22, 36]


def test_durations_have_the_declared_mean_and_spread():
    uniform = RandomStreams(1, 200_000).uniform("test")[0]
    log_normal = {"mean": assumed(72.6, "min"), "sd": assumed(33.9, "min"), "form": "lognormal"}
    theatre = Theatre.model_validate({"lists": [LIST], "operation": log_normal})
    drawn = days(theatre.operation, uniform) * 1440
    assert drawn.mean() == pytest.approx(72.6, rel=0.01)
    assert drawn.std() == pytest.approx(33.9, rel=0.02)
    bench = clinic(laboratory={"semen": {"turnaround": exponential(3, "d")}}).laboratory.semen
    drawn = days(bench.turnaround, uniform)
    assert drawn.mean() == pytest.approx(3, rel=0.01)
    assert drawn.std() == pytest.approx(3, rel=0.02)


def test_patients_arrive_at_the_rate_of_the_month():
    factors = dict.fromkeys(MONTH_NAMES, 1.0) | {"august": 0.0, "september": 2.0}
    one = clinic(
        referrals={"patients_per_week": assumed(70, "1/wk"), "by_month": factors}, horizon_days=365
    )
    came = referral_days(one, load_scenario("paper").population, RandomStreams(3, 4500))
    came = came[came <= 365]
    dates = pd.Timestamp(MONDAY) + pd.to_timedelta(came, unit="D")
    by_month = pd.Series(dates.month).value_counts()
    assert 8 not in by_month
    assert by_month[9] == pytest.approx(600, abs=4 * np.sqrt(600))
    assert by_month[3] == pytest.approx(310, abs=4 * np.sqrt(310))
    assert len(came) < patients_to_simulate(one, 0) < 4500


def test_without_a_rate_patients_arrive_when_the_scenario_enrols_them():
    paper = load_scenario("paper")
    run = run_clinic(clinic(), paper, 1, patients=40)
    enrolled = tables(draw_cohort(paper, 1, patients=40))["patients"]["enrolled_day"]
    assert np.array_equal(ledger(run).referred, enrolled)
    assert 0 < enrolled.max() < paper.population.recruitment_days.value
    assert patients_to_simulate(clinic(), 569) == 569


def test_patients_on_the_waiting_list_are_served_first_and_have_their_history():
    one = shipped("one-centre")
    listed = [Waiting("micro-TESE", 200.0)] * 6 + [Waiting("first visit", 10.0)]
    run = run_clinic(one, load_scenario("paper"), 3, patients=80, waiting_list=listed)
    times = milestones(run).set_index("patient_id")
    first = times.sort_values("micro_tese_day").head(6)
    assert (ledger(run).asked[steps.MICRO_TESE][first.index - 1] == -200).all()
    assert first["micro_tese_day"].between(0, 30).all()
    assert (times["referred_day"] < 0).sum() == 7
    early = times["first_visit_day"][times["referred_day"] == -10]
    assert early.iloc[0] >= 0
    table = clinic_tables(run)["visits"]
    treated = [patient for patient in first.index if courses(run).gonadotropin_therapy[patient - 1]]
    assert treated
    assert table[table["patient_id"].isin(treated)].groupby("patient_id").size().eq(4).all()


def test_the_lowest_rank_goes_first_on_a_tight_list():
    busy = shipped("busy-theatre")
    run = run_clinic(busy, load_scenario("paper"), 3, patients=700)
    older = courses(run).cohort.patients.partner_age_years[0] >= 35
    book = ledger(run)
    wait = book.start[steps.MICRO_TESE] - book.asked[steps.MICRO_TESE]
    assert np.nanmedian(wait[older]) < 0.5 * np.nanmedian(wait[~older])


def test_timestamps_are_dates_with_times_of_day():
    found = timestamps(MONDAY, np.array([0.0, 1.5, -1.0, nan]))
    assert [str(each) for each in found] == [
        "2026-01-05T00:00:00", "2026-01-06T12:00:00", "2026-01-04T00:00:00", "NaT",
    ]  # fmt: skip


def test_the_log_shows_patients_who_wait_are_treated_or_left():
    run = run_clinic(shipped("busy-theatre"), load_scenario("paper"), 3, patients=700)
    log = event_log(run, 500.0)
    assert set(log["status"].unique()) == set(STATUS)
    waiting = log[log["status"] == "waiting"]
    assert waiting["start"].isna().all()
    ongoing = log[log["status"] == "ongoing"]
    assert ongoing["start"].notna().all()
    assert ongoing["complete"].isna().all()
    left = log[log["status"] == "left"]
    ends = log[log["activity"] == "end"].set_index("case")["detail"]
    assert (ends[left["case"]] == "left the theatre list").all()
    last = pd.Timestamp(MONDAY + dt.timedelta(days=500))
    assert log[["scheduled", "start", "complete"]].max().max() <= last


def test_the_log_names_the_rule_of_every_decision():
    run = run_clinic(shipped("unlimited"), load_scenario("paper"), 3, patients=200)
    log = event_log(run)
    month_2 = log[log["activity"] == "decision for month 2"]["detail"].astype(str)
    assert set(month_2) == {"P2: hcg-ufsh", "P3: hcg"}
    assert set(log[log["activity"] == "decision on surgery"]["detail"]) == {"E1", "E2"}


def test_blocks_of_patients_join_to_the_whole_log():
    run = run_clinic(shipped("one-centre"), load_scenario("paper"), 3, patients=90)
    for reads in (clinic_tables, lambda *a: {"log": event_log(*a), "times": milestones(*a)}):
        whole = reads(run, 400.0)
        parts = [reads(run, 400.0, first, first + 40) for first in (0, 40, 80)]
        for name, table in whole.items():
            joined = pd.concat([part[name] for part in parts], ignore_index=True)
            assert joined.astype(str).equals(table.astype(str)), name


def test_xes_contains_every_case_in_order_of_time_with_standard_transitions():
    run = run_clinic(shipped("busy-theatre"), load_scenario("paper"), 3, patients=200)
    log = event_log(run, 300.0)
    file = io.StringIO()
    with XesWriter(file) as writer:
        writer.write(log[log["case"] <= 50])
        writer.write(log[log["case"] > 50])
    space = "{http://www.xes-standard.org/}"
    traces = ET.fromstring(file.getvalue().encode()).findall(f"{space}trace")
    assert len(traces) == log["case"].nunique()
    kinds = set()
    for trace in traces:
        times = [each.get("value") for each in trace.iter(f"{space}date")]
        assert times == sorted(times)
        kinds |= {
            each.get("value")
            for each in trace.iter(f"{space}string")
            if each.get("key") == "lifecycle:transition"
        }
    assert {"schedule", "start", "complete"} <= kinds <= {
        "schedule", "start", "complete", "withdraw",
    }  # fmt: skip


def test_measures_by_hand():
    """Three patients an hour apart before a list of one case a week, each operation one hour."""
    lists = [{**LIST, "minutes": 60}]
    one = clinic(theatre={"lists": lists, "operation": constant(60, "min")}, horizon_days=70)
    run = run_clinic(one, everybody_untreated(), 1, patients=3)  # all join on day 0
    found = measures(run)
    assert found["mean_wait_days"] == pytest.approx((1 + 8 + 15) / 3)
    assert found["p50_wait_days"] == 8
    assert found["mean_queue"] == pytest.approx((1 + 8 + 15) / 70)
    assert found["operations_per_week"] == pytest.approx(0.3)
    assert found["theatre_utilisation"] == pytest.approx(3 / 10, rel=1e-4)
    assert found["p90_referral_to_operated_days"] == pytest.approx(8 + 0.8 * 7 + 1 / 24, abs=1e-5)
    assert queue_by_day(run)[[0, 1, 2, 8, 14, 15]].tolist() == [3, 2, 2, 1, 1, 0]


def test_the_warm_up_is_excluded():
    lists = [{**LIST, "minutes": 60}]
    parts = {"theatre": {"lists": lists, "operation": constant(60, "min")}, "horizon_days": 70}
    run = run_clinic(clinic(**parts, warm_up_days=10), everybody_untreated(), 1, patients=3)
    found = measures(run)
    assert np.isnan(found["mean_wait_days"])  # no patient joined after day 10
    assert found["mean_queue"] == pytest.approx(5 / 60)


def test_intervals_and_precision():
    assert interval([nan, 3.0]).replicates == 1
    assert interval([]).replicates == 0
    ten = [Replicate({"x": 10 + each}, {}) for each in (-0.1, 0.1, 0.0, 0.1, -0.1)]
    assert precise("x", 0.05)(ten)
    assert not precise("x", 0.001)(ten)


def test_replicates_do_not_depend_on_how_many_run_at_a_time():
    def runs(at_a_time):
        done = until_precise(
            shipped("busy-theatre"), load_scenario("paper"), 1, precise("p50_wait_days", 0.2),
            12, 150, at_a_time=at_a_time,
        )  # fmt: skip
        return [each.measures["p50_wait_days"] for each in done]

    assert runs(1) == runs(3)


def test_a_goal_is_met_only_by_a_whole_interval():
    goal = read_goal("p90_wait_days <= 60", ["p90_wait_days"])
    assert goal == Goal("p90_wait_days", "<=", 60)

    def between(low, high):
        return Interval((low + high) / 2, low, high, 1, 5)

    assert goal.met_by(between(10, 60)) is True
    assert Goal("x", "<", 60).met_by(between(10, 60)) is None
    assert goal.met_by(between(59, 61)) is None
    assert goal.met_by(between(61, 70)) is False
    assert Goal("x", ">", 5).met_by(between(6, 7)) is True
    assert Goal("x", ">=", 5).met_by(between(1, 4)) is False


@pytest.mark.parametrize("text", ["p90_wait_days", "p90_wait_days = 3", "< 3", "x < y"])
def test_an_invalid_goal_is_refused(text):
    with pytest.raises(InputError, match="not understood"):
        read_goal(text, ["p90_wait_days"])


def test_the_minimum_number_of_lists_is_found_and_one_fewer_fails():
    lists = [{**LIST, "minutes": 120}]
    one = clinic(
        referrals={"patients_per_week": assumed(5, "1/wk")}, horizon_days=300, warm_up_days=50,
        theatre={"lists": lists, "operation": constant(60, "min")},
    )  # fmt: skip
    goal = Goal("p90_wait_days", "<", 14.0)
    found = solve(one, everybody_untreated(), "theatre_lists", goal, 1)
    met = {each.capacity: each.met for each in found.tried}
    assert found.capacity == 3  # two cases per list: five patients a week need two and a half lists
    assert met[3] is True
    assert met[2] is not True


def test_lists_are_spread_over_working_days_with_a_surgeon_each():
    lists = with_capacity(shipped("busy-theatre"), "theatre_lists", 7).theatre.lists
    assert [each.weekday for each in lists] == [
        "monday", "tuesday", "wednesday", "thursday", "friday", "monday", "wednesday",
    ]  # fmt: skip
    assert {each.surgeon for each in lists} == {"S1", "S2"}


@pytest.mark.parametrize(
    ("what", "message"),
    [("nurses", "cannot be solved for"), ("hormone_analysers", "no limit there")],
)
def test_what_cannot_be_solved_for_is_refused(what, message):
    with pytest.raises(InputError, match=message):
        with_capacity(shipped("unlimited"), what, 2)


def test_every_capacity_can_be_increased():
    one = shipped("one-centre")
    assert with_capacity(one, "outpatient_slots", 5).outpatients.slots["monday"] == 7
    places = with_capacity(one, "oocyte_retrievals", 5).embryology.oocyte_retrievals
    assert set(places.values()) == {5}


def test_a_stopped_run_states_the_day_on_which_it_was_stopped():
    asked = []

    def stop() -> bool:
        asked.append(None)
        return len(asked) > 3

    run = run_clinic(shipped("one-centre"), load_scenario("paper"), 3, stop=stop)
    assert 0 < run.until_day < 2191
    log = event_log(run)
    midnight = dt.datetime.combine(MONDAY, dt.time())
    end = pd.Timestamp(midnight + dt.timedelta(days=run.until_day + 1e-5))
    assert log[["start", "complete"]].max().max() <= end
    whole = run_clinic(shipped("one-centre"), load_scenario("paper"), 3)
    for name, table in clinic_tables(run).items():
        same = clinic_tables(whole, run.until_day)[name]
        assert table.astype(str).equals(same.astype(str)), name


def test_an_assay_reports_no_more_than_the_end_of_its_range():
    fsh = "population.marginals.fsh_iu_l"
    high = {f"{fsh}.median": 1e4, f"{fsh}.upper": 9e4}
    lost = with_values(load_scenario("paper"), high, "test", beyond_sweep=True)
    run = run_clinic(clinic(), lost, 1, patients=20)  # a decision beyond it would be refused
    assert max(ledger(run).end) > 0


def test_a_patient_who_discontinues_therapy_has_no_more_injections_and_the_log_shows_when():
    changes = {"behaviour.dropout_share": 0.5, "behaviour.missed_share": 0.2}
    run = run_clinic(
        shipped("one-centre"),
        with_values(load_scenario("paper"), changes, "test", beyond_sweep=True),
        3,
        patients=200,
    )
    log = event_log(run)
    broken = log[log["activity"] == "discontinuation of therapy"].set_index("case")["start"]
    assert len(broken) > 20
    injections = log[log["activity"].str.startswith("injection")]
    last = injections.groupby("case")["start"].max()
    both = broken.index.intersection(last.index)
    assert (last[both] <= broken[both]).all()
    adherent = run_clinic(shipped("one-centre"), load_scenario("paper"), 3, patients=200)
    assert len(clinic_tables(run)["injections"]) < len(clinic_tables(adherent)["injections"])


def test_every_end_can_be_reached():
    changes = {
        "behaviour.stop_after_failure": 0.3, "surgery.frozen_share": 1, "surgery.thaw_failure": 0.3,
    }  # fmt: skip
    tight = shipped("busy-theatre").model_copy(
        update={
            "patience": clinic(
                patience={"first_visit": exponential(3, "d"), "theatre": exponential(60, "d")}
            ).patience
        }
    )
    run = run_clinic(
        tight,
        with_values(load_scenario("paper"), changes, "test", beyond_sweep=True),
        3,
        patients=900,
    )
    ended = ledger(run).end_day
    reached = {int(end) for end, day in zip(ledger(run).end, ended, strict=True) if day == day}
    assert reached == set(range(1, len(steps.ENDS)))


@pytest.mark.parametrize("own", [{}, {"operation": constant(90, "min")}])
def test_a_list_too_short_for_a_case_is_refused(own):
    one = clinic(theatre={"lists": [{**LIST, "minutes": 30}], **own})
    with pytest.raises(InputError, match="no patient would ever be operated on"):
        run_clinic(one, load_scenario("paper"), 1, patients=5)


def test_operations_take_the_scenarios_minutes_unless_the_clinic_has_its_own():
    paper = load_scenario("paper")
    lists = {"lists": [{**LIST, "minutes": 400}]}
    run = run_clinic(clinic(theatre=lists), paper, 1, patients=50)
    natural = tables(draw_cohort(paper, 1, patients=50))["operations"]
    table = clinic_tables(run)["operations"]
    assert table["minutes"].equals(natural["minutes"])
    took = 1440 * (ledger(run).complete[steps.MICRO_TESE] - ledger(run).start[steps.MICRO_TESE])
    assert np.abs(took[table["patient_id"] - 1] - table["minutes"]).max() <= 0.51
    run = run_clinic(
        clinic(theatre={**lists, "operation": constant(45, "min")}), paper, 1, patients=50
    )
    assert set(clinic_tables(run)["operations"]["minutes"]) == {45.0}


def test_an_appointment_has_the_duration_of_the_clinic_file():
    outpatients = {"slots": every_day(20), "first_slot": "09:00", "minutes": 36}
    seen = ledger(run_clinic(clinic(outpatients=outpatients), everybody_untreated(), 1, patients=9))
    for step in (steps.FIRST_VISIT, steps.COUNSELLING):
        assert seen.complete[step] - seen.start[step] == pytest.approx(36 / 1440, abs=1e-5)
