"""Each step of the simulation by hand."""

import numpy as np
import pytest
from scipy.special import expit

from protocol.reading.documents import validate
from protocol.regimen.load import load_regimen
from simulate.cohort.births import Couples, couples_of, try_for_birth
from simulate.cohort.draw import draw_cohort
from simulate.cohort.hormone_curves import curves
from simulate.core.random_streams import RandomStreams
from simulate.hormones.known_values import Assays
from simulate.hormones.serum import lh_iu_l
from simulate.hormones.serum import testosterone_nmol_l as true_testosterone
from simulate.hormones.therapy import follow
from simulate.patients.baseline import diagnosis_shares, draw_patients, quantile
from simulate.patients.measurement import record, rounded
from simulate.patients.therapy_choice import propensity
from simulate.scenario import Scenario
from simulate.scenario.parameter_paths import with_values
from tests.support.paper import drawn, paper

#: A laboratory that reports FSH to a hundredth.
CENTIUNITS = Assays({"fsh_iu_l": 0.01})


def test_proportions_follow_from_log_odds():
    shares = diagnosis_shares(paper().population.diagnosis_log_odds)
    assert shares.sum() == pytest.approx(1)
    odds = np.exp(paper().population.diagnosis_log_odds["azfc"].value)
    assert shares[3] / shares[0] == pytest.approx(odds)


def test_propensity_of_a_patient_at_the_centre_is_intercept_minus_quadratics():
    patients = draw_patients(paper().population, RandomStreams(1, patients=1))
    centre = {name: np.zeros((1, 1)) for name in patients.score}
    patients = type(patients)(
        np.zeros((1, 1), np.int8), patients.baseline, centre, patients.partner_age_years
    )
    quadratics = sum(term.quadratic.value for term in paper().choice.terms.values())
    expected = expit(paper().choice.intercept.value - quadratics)
    assert propensity(paper().choice, patients) == pytest.approx(expected)


def test_propensity_does_not_move_beyond_the_score_limit():
    patients = draw_patients(paper().population, RandomStreams(1, patients=1))
    far, further = (
        type(patients)(
            patients.diagnosis,
            patients.baseline,
            {name: np.full((1, 1), z) for name in patients.score},
            patients.partner_age_years,
        )
        for z in (2.5, 9.0)
    )
    assert propensity(paper().choice, far) == propensity(paper().choice, further)


def test_without_therapy_hormones_do_not_change():
    course = drawn().paths[0].course
    assert (course.stimulus == 0).all()
    assert np.array_equal(course.fsh_iu_l[3], course.fsh_iu_l[0])
    assert (course.share_treated == 0).all()


def test_every_treated_patient_begins_with_hcg_and_the_rule_decides_on_reported_fsh():
    course = drawn().paths[1].course
    names = [phase.name for phase in course.regimen.phases]
    hcg, both = names.index("hcg"), names.index("hcg-ufsh")
    assert (course.phase[0] == hcg).all()
    in_range = (course.measured_fsh_iu_l[0] >= 0.7) & (course.measured_fsh_iu_l[0] <= 11.1)
    assert np.array_equal(course.phase[1] == both, in_range)
    late = ~in_range & (course.measured_fsh_iu_l[1] >= 0.7) & (course.measured_fsh_iu_l[1] <= 11.1)
    assert np.array_equal(course.phase[2] == both, in_range | late)


def test_the_laboratory_reports_whole_steps():
    reported = drawn().paths[1].course.measured_fsh_iu_l * 100
    assert np.allclose(reported, np.rint(reported), atol=1e-9)


def test_without_ufsh_fsh_stays_at_or_below_the_patients_baseline():
    course = drawn().paths[1].course
    assert (course.fsh_iu_l[1] <= course.fsh_iu_l[0] + 1e-9).all()
    both = course.phase[1] == 1
    assert (course.fsh_iu_l[2][both] > course.fsh_iu_l[1][both]).mean() > 0.8


def test_half_of_the_patients_are_suppressed_to_the_published_minimum():
    """15 of 28 patients: mean FSH 0.96 (SD 0.54) IU/L under hCG; Shiraishi 2012."""
    cohort = drawn()
    swift = {"physiology.response_per_month": 0.99}
    model = with_values(paper(), swift, "test", beyond_sweep=True).physiology
    course = follow(load_regimen("hcg-only"), model, cohort.patients, cohort.traits, CENTIUNITS)
    low = cohort.traits.suppressible
    assert low.mean() == pytest.approx(0.54, abs=0.02)
    assert course.stimulus[3].mean() == pytest.approx(1, abs=0.02)
    assert course.fsh_iu_l[3][low].mean() == pytest.approx(0.96, abs=0.08)
    assert course.fsh_iu_l[3][low].std() == pytest.approx(0.54, abs=0.12)


def test_another_regimen_can_be_simulated():
    cohort = drawn()
    course = follow(
        load_regimen("ufsh-only"), paper().physiology, cohort.patients, cohort.traits, CENTIUNITS
    )
    assert (course.stimulus == 0).all()
    assert (course.leydig_activity == 0).all()
    rise = course.fsh_iu_l[1] - course.fsh_iu_l[0]
    assert (rise > 0).all()
    assert 2 < np.median(rise) < 5.5


def test_the_result_depends_on_the_day_of_the_blood_draw():
    late = with_values(paper(), {"physiology.draw_delay_days": 5.0}, "test")
    early, delayed = (draw_cohort(s, 3, patients=2000).paths[1].course for s in (paper(), late))
    same = (early.phase == delayed.phase).all(axis=0) & (early.phase[1] == 1)
    assert (early.measured_fsh_iu_l[1][same] >= delayed.measured_fsh_iu_l[1][same]).all()
    fall = early.fsh_iu_l[2][same] - delayed.fsh_iu_l[2][same]
    assert fall.mean() > 0.5
    assert np.array_equal(early.fsh_iu_l[1], delayed.fsh_iu_l[1])


def test_the_curves_of_one_patient_pass_through_the_values_at_month_ends():
    cohort = drawn()
    for patient in range(8):
        course = cohort.paths[1].course
        own = curves(cohort, patient)
        at = np.searchsorted(own.day, [0, 30, 60, 90])
        assert np.allclose(own.fsh_iu_l[at], course.fsh_iu_l[:, 0, patient], rtol=1e-4)
        testosterone = true_testosterone(
            paper().physiology, cohort.patients, cohort.traits, course
        )[:, 0, patient]
        assert np.allclose(own.testosterone_nmol_l[at], testosterone)
        lh = lh_iu_l(paper().physiology, cohort.patients, cohort.traits, course)[:, 0, patient]
        assert np.allclose(own.lh_iu_l[at], lh)


def test_randomised_choice_does_not_depend_on_the_patient():
    tossed = paper().choice.model_copy(update={"by": "coin"})
    chance = propensity(tossed, drawn().patients)
    assert np.unique(chance).tolist() == [pytest.approx(expit(tossed.intercept.value))]


def test_diagnoses_shift_the_scores_that_the_file_names():
    patients = drawn(replicates=60).patients
    gap = patients.score["testis_volume_ml"][patients.diagnosis == 1].mean()
    rest = patients.score["testis_volume_ml"][patients.diagnosis == 0].mean()
    assert gap - rest == pytest.approx(-0.3, abs=0.06)
    assert patients.score["age_years"][patients.diagnosis == 1].mean() == pytest.approx(0, abs=0.06)


@pytest.mark.parametrize(
    ("value", "step", "expected"),
    [(6.25, 0.1, 6.2), (30.5, 1, 30.0), (31.5, 1, 32.0), (18.004, 0.01, 18.0), (7, 5, 5.0)],
)
def test_rounding_goes_to_the_nearest_step_and_halves_to_even(value, step, expected):
    assert rounded(np.array([value]), step)[0] == expected


def test_missing_hormones_are_empty_and_nothing_else_is():
    written = record(paper().measurement, drawn().patients, drawn().streams)
    assert not np.isnan(written["age_years"]).any()
    assert np.isnan(written["prolactin_ng_ml"]).any()


def couples(born, pregnant, available, gives_up=(0, 0, 0, 0)) -> Couples:
    yes = np.array([[True]])
    return Couples(
        reaches_icsi=yes,
        testicular_sperm_available=yes,
        transfers_available=np.array([[available]], np.int8),
        biochemical_pregnancy=np.array([[pregnant]], bool),
        pregnant=np.array([[pregnant]], bool),
        born=np.array([[born]], bool),
        gives_up=np.array([[gives_up]], bool),
        heard_of=yes,
        cycle=couples_of(drawn(1)).cycle,
    )


def test_transfers_stop_after_the_first_birth():
    births = try_for_birth(couples([0, 1, 1, 0], [1, 1, 1, 0], 4), np.array([[True]]))
    assert births.transferred[0, 0].tolist() == [True, True, False, False]
    assert births.live_birth[0, 0].tolist() == [False, True, False, False]
    assert births.clinical_pregnancy[0, 0].tolist() == [True, True, False, False]


def test_transfers_stop_when_embryos_run_out():
    births = try_for_birth(couples([0, 0, 1, 0], [0, 0, 1, 0], 2), np.array([[True]]))
    assert births.transferred[0, 0].tolist() == [True, True, False, False]
    assert not births.live_birth.any()


def test_a_couple_that_gives_up_has_no_further_transfer():
    births = try_for_birth(
        couples([0, 0, 0, 1], [0, 0, 0, 1], 4, gives_up=[0, 1, 0, 0]), np.array([[True]])
    )
    assert births.transferred[0, 0].tolist() == [True, True, False, False]
    assert not births.delivered.any()


def test_without_sperm_there_is_no_icsi():
    births = try_for_birth(couples([1, 1, 1, 1], [1, 1, 1, 1], 4), np.array([[False]]))
    assert not births.icsi.any()
    assert not births.transferred.any()


def test_the_quantile_function_meets_the_quartiles():
    marginal = paper().population.marginals["fsh_iu_l"]
    median = quantile(marginal, np.array([0.5]))[0]
    assert median == pytest.approx(marginal.median.value)


def test_an_insensitive_semen_analysis_sends_patients_with_sperm_to_surgery():
    poor_check = {"spermatogenesis.semen_analysis_sensitivity": 0.5}
    half = with_values(paper(), poor_check, "test", beyond_sweep=True)
    perfect, poor = (draw_cohort(s, 5, replicates=10).paths[1] for s in (paper(), half))
    overlooked = perfect.sperm_in_ejaculate & ~poor.sperm_in_ejaculate
    assert overlooked.sum() == pytest.approx(perfect.sperm_in_ejaculate.sum() / 2, rel=0.1)
    assert poor.sperm_retrieved[overlooked].all()
    assert np.array_equal(perfect.any_sperm, poor.any_sperm)


def hormones_missing(**causes: float):
    by = {name: {**ANY, "value": weight} for name, weight in causes.items()}
    plain = paper().model_dump(mode="json")
    plain["measurement"]["missing_by"] = by
    return validate(plain, Scenario, "test")


ANY = {"unit": "1", "status": "assumed", "source": "test", "sweep": [-2, 2]}


@pytest.mark.parametrize(
    ("causes", "mechanism"),
    [
        ({}, "MCAR"),
        ({"gonadotropin_therapy": 0.0}, "MCAR"),
        ({"age_years": 0.5, "gonadotropin_therapy": 0.5}, "MAR"),
        ({"any_sperm": 0.5}, "MAR"),
        ({"itself": -0.5}, "MNAR"),
        ({"age_years": 0.5, "lh_iu_l": 0.5}, "MNAR"),
    ],
)
def test_the_mechanism_of_missing_values_is_named(causes, mechanism):
    assert hormones_missing(**causes).measurement.mechanism == mechanism


def test_hormones_are_missing_by_the_stated_mechanism_at_about_the_same_proportion():
    cohort = draw_cohort(hormones_missing(itself=1.0), 7, replicates=40)
    high = cohort.patients.score["testosterone_nmol_l"] > 0
    gone = np.isnan(cohort.baseline["testosterone_nmol_l"])
    assert gone[high].mean() > 4 * gone[~high].mean()
    share = paper().measurement.missing["testosterone_nmol_l"].value
    assert gone.mean() == pytest.approx(share, abs=0.006)
    treated = draw_cohort(hormones_missing(gonadotropin_therapy=0.7), 7, replicates=40)
    gone = np.isnan(treated.baseline["prolactin_ng_ml"])
    assert (
        gone[treated.gonadotropin_therapy].mean() > 2 * gone[~treated.gonadotropin_therapy].mean()
    )
