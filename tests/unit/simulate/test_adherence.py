"""Patients who miss injections, stop, are lost, or give up."""

import numpy as np
import pytest

from simulate.cohort.births import births_of, couples_of
from simulate.cohort.draw import draw_cohort
from simulate.cohort.hormone_curves import curves
from simulate.patients.adherence import average_spermatogenic_liability
from simulate.scenario.parameter_paths import with_values
from simulate.tables.study_tables import tables
from tests.support.paper import drawn, paper


def behaving(patients: int = 1500, replicates: int = 4, **changes: float):
    values = {f"behaviour.{name}": value for name, value in changes.items()}
    scenario = with_values(paper(), values, "test", beyond_sweep=True)
    return draw_cohort(scenario, 3, replicates=replicates, patients=patients)


def test_by_default_no_patient_misses_injections_or_stops():
    course = drawn().paths[1].course
    assert course.missed is None
    assert course.completed.all()
    assert (course.share_treated == 1).all()


def test_a_share_of_injections_is_missed_and_subtracted_from_the_course():
    cohort = behaving(missed_share=0.1, missed_log_odds_sd=0.0)
    course = cohort.paths[1].course
    assert course.share_treated.mean() == pytest.approx(0.9, abs=0.005)
    adherent = behaving().paths[1].course
    assert course.leydig_activity[1:].mean() < adherent.leydig_activity[1:].mean()
    assert course.stimulus[1].mean() < adherent.stimulus[1].mean()


def test_some_patients_miss_more_than_others():
    alike, unlike = (
        behaving(missed_share=0.1, missed_log_odds_sd=sd).paths[1].course.share_treated.std()
        for sd in (0.0, 1.5)
    )
    assert unlike > 1.5 * alike


def test_a_share_of_missed_injections_near_zero_changes_nothing():
    """Patients who miss injections are simulated by the same function as patients who do not."""
    adherent, never = behaving(patients=300), behaving(patients=300, missed_share=1e-12)
    assert never.paths[1].course.missed is not None
    for name in ("phase", "stimulus", "leydig_activity", "fsh_iu_l", "share_treated"):
        one, other = (getattr(c.paths[1].course, name) for c in (adherent, never))
        assert np.allclose(one, other), name


def test_injections_listed_are_those_given_and_the_curves_follow_them():
    cohort = behaving(patients=60, replicates=1, missed_share=0.3)
    listed = tables(cohort)["injections"]
    course = cohort.paths[1].course
    treated = np.flatnonzero(cohort.gonadotropin_therapy[0])
    share = len(listed) / 45 / len(treated)
    assert share == pytest.approx(course.share_treated[0, treated].mean(), abs=1e-3)
    for patient in treated[:5]:
        own = curves(cohort, int(patient))
        mine = listed[listed["patient_id"] == patient + 1]
        days = sorted(int(d) for each in own.injections.values() for d in each.days)
        assert days == mine["day"].tolist()
        at = np.searchsorted(own.day, [30, 60, 90])
        assert np.allclose(own.fsh_iu_l[at], course.fsh_iu_l[1:, 0, patient], rtol=1e-3)


def test_patients_who_stop_get_no_further_injection():
    cohort = behaving(dropout_share=0.3)
    course = cohort.paths[1].course
    stopped = ~course.completed
    assert stopped.mean() == pytest.approx(0.3, abs=0.02)
    last = [phase.name for phase in course.regimen.phases].index("stopped")
    assert (course.phase[2][stopped] == last).all()
    assert not (course.phase[2][~stopped] == last).any()
    assert set(np.unique(course.share_treated[stopped].round(6))) == {0.333333, 0.666667}
    listed = tables(cohort)["injections"].groupby("patient_id")["day"].max()
    out = np.flatnonzero(stopped[0] & cohort.gonadotropin_therapy[0]) + 1
    assert (listed.loc[out] < 60).all()


def test_without_injections_the_stimulus_decreases():
    cohort = behaving(dropout_share=0.5)
    course = cohort.paths[1].course
    early = course.phase[1] == [p.name for p in course.regimen.phases].index("stopped")
    assert (course.stimulus[3][early] < course.stimulus[1][early]).all()
    assert (course.leydig_activity[2:, early] == 0).all()


def test_informative_dropout_removes_patients_with_a_low_liability():
    cohort = behaving(dropout_share=0.2, dropout_per_spermatogenic_liability=-0.7)
    stayed = cohort.paths[1].course.completed
    assert (
        cohort.spermatogenic_liability[stayed].mean()
        > cohort.spermatogenic_liability[~stayed].mean() + 0.5
    )
    centred = cohort.spermatogenic_liability.mean() - average_spermatogenic_liability(
        cohort.scenario
    )
    assert abs(centred) < 0.3


def test_lost_couples_are_a_share_and_their_births_stay_true():
    lost, complete = behaving(lost_share=0.25), behaving()
    assert couples_of(lost).heard_of.mean() == pytest.approx(0.75, abs=0.02)
    for one, other in zip(births_of(lost), births_of(complete), strict=True):
        assert np.array_equal(one.delivered, other.delivered)


def test_couples_who_give_up_have_fewer_births():
    adherent, giving_up = births_of(behaving()), births_of(behaving(stop_after_failure=0.4))
    assert giving_up[1].delivered.sum() < adherent[1].delivered.sum()
    assert (giving_up[1].transferred <= adherent[1].transferred).all()
