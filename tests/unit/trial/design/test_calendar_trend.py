"""Calendar-time trend: participants recruited later have another risk, equally in both arms."""

import numpy as np
import pytest
from scipy.special import expit, logit

from estimate.performance.measures import proportion_mcse
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials, simulate_participants
from pretese.trial.design.alternatives import planned_value, with_settings
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.design.enumeration import why_not_enumerated
from pretese.trial.measures.performance import measures
from pretese.trial.power.tornado import assumed_ranges
from pretese.trial.simulation.conditional_effect import given_truths
from pretese.trial.simulation.engine import simulate_design
from protocol.errors import InputError
from protocol.reading.documents import validate
from simulate.cohort.draw import draw_cohort
from simulate.core.random_streams import RandomStreams

STEADY = read_design("superiority-any-sperm")[0]
SCENARIO = scenario_of(STEADY)


def trending(by=0.6, **changes):
    number = {
        "value": by, "unit": "log odds per 12 months", "status": "assumed", "source": "a test",
        "sweep": [-40, 40],
    }  # fmt: skip
    plain = {**STEADY.model_dump(exclude_defaults=True), "calendar_trend": number, **changes}
    return validate(plain, DesignFile, "test")


def test_sperm_are_found_if_liability_with_trend_exceeds_the_threshold():
    trials = draw_trials(trending(), SCENARIO, 5, 80, 3)
    months = trials.arrival_months
    liability = draw_cohort(SCENARIO, 5, 3, 0, 80).spermatogenic_liability
    assert np.array_equal(trials.eligible.success[0], liability + 0.6 * months / 12 > 0)
    assert months[:, 0].max() < months[:, -1].min()


def test_a_rising_trend_leaves_the_first_participant_unchanged_and_removes_no_success():
    before, after = (draw_trials(d, SCENARIO, 5, 400, 20) for d in (STEADY, trending()))
    assert np.array_equal(before.arrival_months, after.arrival_months)
    for old, new in zip(before.eligible.success, after.eligible.success, strict=True):
        assert np.array_equal(old[:, 0], new[:, 0])
        assert (new >= old).all()
        assert (new > old)[:, 200:].sum() > 3 * (new > old)[:, :100].sum() > 0


def test_the_control_risk_of_late_participants_changes_by_the_trend():
    participants, replicates = 600, 60
    trials = draw_trials(trending(), SCENARIO, 1, participants, replicates)
    late, months = trials.arrival_months > 18, trials.arrival_months
    # The probability given the prognosis: the liability without its own random part.
    own = logit(RandomStreams(1, participants, replicates).uniform("spermatogenic liability"))
    prognosis = draw_cohort(SCENARIO, 1, replicates, 0, participants).spermatogenic_liability - own
    found, count = trials.eligible.success[0][late].mean(), late.sum()
    for by, right in ((0.6, True), (0.5, False), (0.7, False), (0.0, False)):
        asked = expit(prognosis + by * months / 12)[late].mean()
        assert (abs(found - asked) < 3 * proportion_mcse(asked, count)) == right, by


def test_an_equal_trend_in_both_arms_does_not_inflate_the_type_i_error():
    replicates, found = 2000, {}
    for method in ("simple", "blocks"):
        design = trending(3.0, randomisation={"method": method})
        out = simulate_design(design, SCENARIO, [(300, 0.0)], seed=2, replicates=replicates)
        found[method] = out[300, 0.0]
        assert not found[method].target.any()
    error = np.sqrt(2 / replicates)  # of a variance
    assert abs(found["simple"].rejected.mean() - 0.05) < 3 * proportion_mcse(0.05, replicates)
    assert abs(found["simple"].z.var() - 1) < 3 * error
    # Blocks balance calendar time; a test that ignores it is conservative.
    assert found["blocks"].rejected.mean() < 0.05
    assert found["blocks"].z.var() < 1 - 4 * error
    # Participants compared by time of recruitment, without randomisation, differ.
    success = draw_trials(trending(3.0), SCENARIO, 2, 300, 200).eligible.success[0]
    early, late = success[:, :150].mean(1), success[:, 150:].mean(1)
    pooled = success.mean(1)
    z = (late - early) / np.sqrt(2 * pooled * (1 - pooled) / 150)
    assert (abs(z) > 1.96).mean() > 0.9


def test_a_smaller_trial_is_the_first_part_of_a_larger_one_with_a_trend():
    design = trending(site_sd={
        "value": 0.4, "unit": "log odds", "status": "assumed", "source": "a test", "sweep": [0, 1],
    })  # fmt: skip
    both = simulate_design(design, SCENARIO, [(200, 1.0), (300, 1.0)], seed=1, replicates=30)
    alone = simulate_design(design, SCENARIO, [(200, 1.0)], seed=1, replicates=30)
    for name, values in alone[200, 1.0].columns().items():
        assert np.array_equal(values, both[200, 1.0].columns()[name], equal_nan=True), name


def test_the_true_effect_of_a_trial_is_that_of_its_own_participants():
    design = trending()
    out = simulate_design(design, SCENARIO, [(200, 1.0)], seed=4, replicates=5)[200, 1.0]
    control, treated = draw_trials(design, SCENARIO, 4, 200, 5).eligible.success
    assert out.target == pytest.approx(treated.mean(1) - control.mean(1), abs=1e-12)
    assert np.array_equal(out.risk_control, control.mean(1))


def test_a_conditional_truth_is_that_of_a_trial_with_the_planned_duration():
    analysis = {"method": "logistic", "covariates": ["fsh_iu_l"]}
    design = trending(2.5, analysis=analysis)
    short, long = (
        given_truths(design, SCENARIO, 1, 1.0, participants)[0][0] for participants in (100, 600)
    )
    steady = given_truths(trending(0.0, analysis=analysis), SCENARIO, 1, 1.0)[0][0]
    # Time is prognostic and not in the model: the longer the trial, the closer the odds ratio is to
    # 1.
    assert long < short - 0.02 < steady
    out = simulate_design(design, SCENARIO, [(600, 1.0)], seed=1, replicates=300)[600, 1.0]
    assert abs(measures(design, out)["bias"].z) < 3
    assert abs(out.estimate.mean() - steady) > 5 * out.estimate.std() / np.sqrt(300)


def test_participants_of_a_large_trial_arrive_at_the_times_of_the_planned_one():
    participants_ = simulate_participants(trending(30.0), SCENARIO, 1, 1200, 2)
    success = participants_.eligible.success[0]
    assert success[:, 300:600].all()
    assert success[:, 900:].all()
    assert not success[:, 600:610].all()


def test_the_trend_is_an_assumption_of_grid_and_tornado():
    assert planned_value(STEADY, SCENARIO, "calendar_trend") == 0
    changed, _ = with_settings(STEADY, SCENARIO, {"calendar_trend": -0.3})
    assert (changed.calendar_trend.value, changed.calendar_trend.unit) == (
        -0.3,
        "log odds per 12 months",
    )
    assert planned_value(changed, SCENARIO, "calendar_trend") == -0.3
    with pytest.raises(InputError, match="calendar_trend: 50 is outside the range"):
        with_settings(trending(), SCENARIO, {"calendar_trend": 50.0})
    assert assumed_ranges(trending(), SCENARIO, {})["calendar_trend"] == (-40, 40)
    with pytest.raises(InputError, match=r"calendar_trend\.speed"):
        with_settings(trending(), SCENARIO, {"calendar_trend.speed": 1.0})


def test_a_trend_excludes_exact_power_and_fixed_event_rates():
    assert why_not_enumerated(STEADY) is None
    assert why_not_enumerated(trending()) == "there is a calendar-time trend"
    risks = {"control_percent": 40, "treated_percent": 55}
    plain = {"scenario": None, "arms": None, "prior": ()}
    with pytest.raises(InputError, match=r"fixed event rates go without .* calendar_trend"):
        trending(**plain, risks=risks)
