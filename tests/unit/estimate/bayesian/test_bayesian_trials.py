"""Decision rules of Bayesian trials, exact error rates and simulated trials."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import betabinom, binom

from estimate.bayesian.arm_priors import ArmPriors
from estimate.bayesian.beta_mixture import BetaMixture
from estimate.bayesian.calibration import calibrate_success
from estimate.bayesian.count_tables import EffectThreshold
from estimate.bayesian.decision_rules import (
    DecisionRules,
    PosteriorRule,
    decide_all,
    posterior_tables,
)
from estimate.bayesian.operating_characteristics import ExactTrialTables
from estimate.bayesian.relative_prior import RelativePrior
from estimate.bayesian.simulated_trials import simulate_bayesian
from estimate.core.numeric.normal_mixture import NormalMixture
from protocol.errors import InputError
from tests.unit.estimate.bayesian.test_risk_priors import ANKYLOSING, FLAT, ROBUST

BETTER = EffectThreshold("risk difference", 0.0)
FLAT_ARMS = ArmPriors(FLAT, FLAT)


def trial_of(prior, rules, sizes):
    return ExactTrialTables(decide_all(rules, sizes, posterior_tables(prior, rules, sizes)))


def rules_of(*success, harm=None, futility=None, predictive=None):
    return DecisionRules(
        PosteriorRule(BETTER, success),
        harm=None if harm is None else PosteriorRule(BETTER, (harm,) * len(success)),
        futility=None if futility is None else PosteriorRule(BETTER, futility),
        predictive=predictive,
    )


def test_a_trial_of_one_patient_per_arm_by_hand():
    """P(treated risk higher | 1 of 1, 0 of 1) = 5/6 with flat priors: the only success."""
    trial = trial_of(FLAT_ARMS, rules_of(0.8), [(1, 1)])
    assert trial.analyses[0].success_probability[1, 0] == pytest.approx(5 / 6)
    found = trial.at_risks([0.6, 0.3], 0.3)
    assert found.success == pytest.approx([0.42, 0.21])
    own = trial.under_own_prior()
    assert own.outcome[0] == pytest.approx(1 / 4)  # each of the four tables has probability 1/4
    assert own.misleading == pytest.approx(1 / 6)
    assert own.effective == pytest.approx(1 / 2)
    assert own.success_given_effective == pytest.approx(2 * 5 / 24)


@pytest.mark.parametrize(
    ("prior", "treated", "control", "difference"),
    [(ANKYLOSING, 24, 6, 0.302), (FLAT, 24, 24, 0.341), (ROBUST, 24, 6, 0.368),
     (FLAT, 24, 6, 0.529)],
)  # fmt: skip
def test_differences_with_eighty_percent_power_are_those_that_rbest_prints(
    prior, treated, control, difference
):
    arm = FLAT if prior is FLAT else BetaMixture.of([1.0], [0.5], [1.0])
    trial = trial_of(ArmPriors(prior, arm), rules_of(0.95), [(treated, control)])
    risk = ANKYLOSING.mean
    low, power, high = trial.at_risks(risk + difference + np.array([-5e-4, 0, 5e-4]), risk).success
    assert low < 0.8 < high
    assert power == pytest.approx(0.8, abs=0.0015)


def test_the_recursion_equals_all_courses_of_a_small_trial():
    sizes, risks = [(3, 2), (5, 4), (8, 7)], (0.7, 0.35)
    rules = rules_of(0.9, 0.85, 0.8, harm=0.9, predictive=(0.15, 0.2))
    trial = trial_of(FLAT_ARMS, rules, sizes)
    stop = np.zeros((3, 4))
    steps = [(3, 2), (2, 2), (3, 3)]
    pmf = [
        [binom.pmf(np.arange(n + 1), n, p) for n, p in zip(step, risks, strict=True)]
        for step in steps
    ]
    for course in product(*(product(range(a + 1), range(b + 1)) for a, b in steps)):
        x = y = 0
        probability = np.prod([pmf[k][0][i] * pmf[k][1][j] for k, (i, j) in enumerate(course)])
        for k, (i, j) in enumerate(course):
            x, y = x + i, y + j
            code = trial.analyses[k].decision[x, y]
            if code:
                stop[k, code - 1] += probability
                break
    found = trial.at_risks(*risks)
    assert found.stop == pytest.approx(stop, abs=1e-12)
    assert found.expected_participants == pytest.approx(stop.sum(1) @ [5, 9, 15])


def test_predictive_probabilities_equal_sums_over_beta_binomial_futures():
    trial = trial_of(FLAT_ARMS, rules_of(0.95, 0.95), [(10, 8), (20, 16)])
    final = trial.analyses[1].decision == 1
    x, y = 7, 3
    first = betabinom.pmf(np.arange(11), 10, 1 + x, 11 - x)
    second = betabinom.pmf(np.arange(9), 8, 1 + y, 9 - y)
    expected = first @ final[x : x + 11, y : y + 9] @ second
    assert trial.analyses[0].predictive[x, y] == pytest.approx(expected, abs=1e-12)


def test_averages_over_a_prior_equal_trials_at_risks_drawn_from_it():
    prior = RelativePrior(
        BetaMixture.of([1.0], [6.0], [14.0]), NormalMixture.of([0.3, 0.7], [0, 0.6], [0, 0.5]),
        "odds ratio",
    )  # fmt: skip
    sizes = [(20, 20), (40, 40)]
    trial = trial_of(prior, rules_of(0.95, 0.93, futility=(0.3,)), sizes)
    own = trial.under_own_prior()
    treated, control = prior.draw(np.random.default_rng(8), 20_000)
    found = trial.at_risks(treated, control)
    assert own.outcome == pytest.approx(found.outcome.mean(0), abs=0.01)
    assert own.expected_participants == pytest.approx(found.expected_participants.mean(), abs=0.5)
    better = treated > control + 1e-9
    assert own.effective == pytest.approx(better.mean(), abs=0.012)
    assert own.success_given_not == pytest.approx(found.success[~better].mean(), abs=0.01)
    again = trial.under(prior, BETTER)
    assert again.outcome == pytest.approx(own.outcome, abs=1e-7)
    assert again.misleading == pytest.approx(own.misleading, abs=1e-6)


def test_the_calibrated_probability_is_the_smallest_that_keeps_the_error():
    sizes, rules = [(30, 30), (60, 60)], rules_of(0.9, 0.9, predictive=(0.05,))
    tables = posterior_tables(FLAT_ARMS, rules, sizes)
    nulls = (np.array([0.2, 0.4]), np.array([0.2, 0.4]))
    found = calibrate_success(rules, sizes, tables, nulls, 0.025)
    assert found.type_i_error <= 0.025

    def error(probability):
        trial = ExactTrialTables(decide_all(rules.with_success(probability), sizes, tables))
        return trial.at_risks(*nulls).success.max()

    assert error(found.probability) == found.type_i_error
    assert error(found.probability - 1e-4) > 0.025
    with pytest.raises(InputError, match="no probability of success"):
        calibrate_success(rules, sizes, tables, (np.array([0.9]), np.array([0.1])), 0.01)


def test_simulated_trials_decide_as_the_tables_do():
    sizes, rules = [(20, 30), (40, 60)], rules_of(0.98, 0.95, harm=0.95, futility=(0.2,))
    exact = trial_of(FLAT_ARMS, rules, sizes).at_risks(0.5, 0.35)
    found = simulate_bayesian(
        FLAT_ARMS, rules, sizes, (0.5, 0.35), 20_000, np.random.default_rng(5)
    )
    assert found.stop(2) == pytest.approx(exact.stop, abs=0.012)
    assert found.participants.mean() == pytest.approx(exact.expected_participants, abs=0.6)
    predictive = rules_of(0.98, 0.95, predictive=(0.1,))
    with pytest.raises(InputError, match="predictive"):
        simulate_bayesian(FLAT_ARMS, predictive, sizes, (0.5, 0.4), 10, np.random.default_rng(1))


def test_analyses_that_do_not_rise_in_an_arm_are_refused():
    with pytest.raises(InputError, match="do not rise"):
        posterior_tables(FLAT_ARMS, rules_of(0.9, 0.9), [(10, 10), (12, 10)])
