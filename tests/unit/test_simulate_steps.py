"""Each step of nature by hand."""

import numpy as np
import pytest
from scipy.special import expit

from simulate.choice import propensity
from simulate.fertility import Couples, try_for_birth
from simulate.hormones import drive
from simulate.luck import Luck
from simulate.measurement import record, rounded
from simulate.population import diagnosis_shares, draw_men, quantile
from simulate.therapy import follow
from tests.paper import drawn, paper


def test_shares_follow_from_log_odds():
    shares = diagnosis_shares(paper().population.diagnosis_log_odds)
    assert shares.sum() == pytest.approx(1)
    odds = np.exp(paper().population.diagnosis_log_odds["azfc"].value)
    assert shares[3] / shares[0] == pytest.approx(odds)


def test_propensity_of_a_man_at_the_centre_is_intercept_minus_quadratics():
    men = draw_men(paper().population, Luck(1, men=1))
    centre = {name: np.zeros((1, 1)) for name in men.score}
    men = type(men)(np.zeros((1, 1), np.int8), men.baseline, centre, men.partner_age_years)
    quadratics = sum(term.quadratic.value for term in paper().choice.terms.values())
    expected = expit(paper().choice.intercept.value - quadratics)
    assert propensity(paper().choice, men) == pytest.approx(expected)


def test_propensity_does_not_move_beyond_the_score_limit():
    men = draw_men(paper().population, Luck(1, men=1))
    far, further = (
        type(men)(
            men.diagnosis,
            men.baseline,
            {name: np.full((1, 1), z) for name in men.score},
            men.partner_age_years,
        )
        for z in (2.5, 9.0)
    )
    assert propensity(paper().choice, far) == propensity(paper().choice, further)


def test_the_stimulus_is_nothing_without_hcg_and_one_at_the_reference_dose():
    reference = paper().physiology.hcg_reference_iu_week.value
    ends = drive(paper().physiology, np.array([0.0, reference, 1e9]))
    assert ends[:2].tolist() == [0.0, 1.0]
    assert ends[2] > 1


def test_without_therapy_hormones_stay():
    course = drawn().paths[0].course
    assert (course.stimulus == 0).all()
    assert np.array_equal(course.fsh_iu_l[3], course.fsh_iu_l[0])
    assert (course.share_treated == 0).all()


def test_every_treated_man_begins_with_hcg_and_the_rule_decides_on_reported_fsh():
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


def test_ufsh_raises_measured_fsh_by_what_the_file_says():
    course = drawn().paths[1].course
    model = paper().physiology
    both = course.phase[2] == 1
    weekly = 150 * 7 / 4
    own = course.fsh_iu_l[3] - model.fsh_rise_per_ufsh_iu_week.value * weekly * both
    assert (own[both] > 0).all()
    assert (own[both] <= course.fsh_iu_l[0][both] + 1e-9).all()


def test_another_regimen_can_be_followed():
    from protocol.regimen import load_regimen

    cohort = drawn()
    course = follow(load_regimen("ufsh-only"), paper().physiology, cohort.men, cohort.traits, 0.01)
    assert (course.stimulus == 0).all()
    rise = course.fsh_iu_l[1] - course.fsh_iu_l[0]
    assert np.allclose(rise, rise.flat[0])
    assert (rise > 0).all()


@pytest.mark.parametrize(
    ("value", "step", "expected"),
    [(6.25, 0.1, 6.2), (30.5, 1, 30.0), (31.5, 1, 32.0), (18.004, 0.01, 18.0), (7, 5, 5.0)],
)
def test_rounding_goes_to_the_nearest_step_and_halves_to_even(value, step, expected):
    assert rounded(np.array([value]), step)[0] == expected


def test_missing_hormones_are_empty_and_nothing_else_is():
    written = record(paper().measurement, drawn().men, drawn().luck)
    assert not np.isnan(written["age_years"]).any()
    assert np.isnan(written["prolactin_ng_ml"]).any()


def couples(born, pregnant, available) -> Couples:
    return Couples(
        reaches_icsi=np.array([[True]]),
        transfers_available=np.array([[available]], np.int8),
        pregnant=np.array([[pregnant]], bool),
        born=np.array([[born]], bool),
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


def test_without_sperm_there_is_no_icsi():
    births = try_for_birth(couples([1, 1, 1, 1], [1, 1, 1, 1], 4), np.array([[False]]))
    assert not births.icsi.any()
    assert not births.transferred.any()


def test_the_quantile_function_meets_the_quartiles():
    marginal = paper().population.marginals["fsh_iu_l"]
    median = quantile(marginal, np.array([0.5]))[0]
    assert median == pytest.approx(marginal.median.value)
