"""Continuous, count, ordinal and time-to-event outcomes: estimates, input errors, properties."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from estimate.core.result import RATIOS
from estimate.outcomes.cox import fit_cox, restricted_mean
from estimate.outcomes.registry import OUTCOME_METHODS
from estimate.outcomes.times import _risk_gap
from estimate.plan.analyse import analyse
from estimate.plan.spec import Plan
from pretese.analysis.methods_text import methods_paragraph
from protocol.errors import InputError

COVARIATES = {"x": "numeric", "dx": {"categorical": ["a", "b"]}}
OUTCOMES = {
    "continuous": {"column": "hormone", "kind": "continuous"},
    "count": {"column": "oocytes", "kind": "count"},
    "ordinal": {"column": "grade", "kind": "ordinal", "levels": ["poor", "fair", "good"]},
    "time": {"time": "months", "event": "born", "horizon": 12},
}


def table(seed=1, n=300, effect=1.0):
    rng = np.random.default_rng(seed)
    x, dx = rng.normal(size=n), rng.choice(["a", "b"], n)
    arm = (rng.random(n) < 1 / (1 + np.exp(-0.6 * x))).astype(int)
    latent = 0.8 * x + 0.5 * (dx == "b") + effect * arm
    wait = rng.exponential(12 * np.exp(-0.3 * latent))
    return pd.DataFrame({
        "arm": arm, "x": x, "dx": dx, "hormone": 10 + latent + rng.normal(size=n),
        "oocytes": rng.poisson(np.exp(1.5 + 0.2 * latent)),
        "grade": np.array(["poor", "fair", "good"])[np.digitize(latent + rng.logistic(size=n),
                                                                [0, 1.5])],
        "months": np.minimum(wait, 18).round(2), "born": (wait < 18).astype(int),
    })  # fmt: skip


def plan(kind, methods=None, **fields):
    given = {"methods": tuple(methods or OUTCOME_METHODS[kind]), "covariates": COVARIATES}
    return Plan(treatment="arm", outcome=OUTCOMES[kind], **(given | fields))


def on_line(answer, value):
    return np.log(value) if answer.scale in RATIOS else value


@pytest.mark.parametrize("kind", OUTCOMES)
def test_every_method_answers_agrees_with_its_interval_and_inverts_with_the_arms(kind):
    rows = table()
    found = analyse(rows, plan(kind)).estimates
    assert [each.method for each in found] == sorted(
        (each.method for each in found), key=list(OUTCOME_METHODS[kind]).index
    )
    swapped = analyse(rows.assign(arm=1 - rows["arm"]), plan(kind)).estimates
    partner = {
        f"{kind}-{one}": f"{kind}-{other}"
        for kind in ("iptw", "entropy")
        for one, other in (("att", "atc"), ("atc", "att"))
    }
    for each in found:
        null = 1.0 if each.scale in RATIOS else 0.0
        assert each.converged
        assert (each.p_value < 0.05) == (each.conf_low > null or each.conf_high < null)
        name = partner.get(each.method, each.method)
        (other,) = [o for o in swapped if (o.method, o.scale) == (name, each.scale)]
        tolerance = 0.03 if each.interval == "percentile bootstrap" else 1e-4
        assert on_line(each, each.estimate) == pytest.approx(
            -on_line(other, other.estimate), abs=tolerance
        )


def test_adjusted_estimates_find_the_effect_and_the_unadjusted_one_does_not():
    rows = pd.concat([table(seed) for seed in range(8)], ignore_index=True)
    found = {each.method: each for each in analyse(rows, plan("continuous")).estimates}
    assert found.pop("unadjusted").conf_low > 1.2
    for each in found.values():
        assert each.estimate == pytest.approx(1.0, abs=3.5 * float(each.std_error))


def test_a_column_of_many_numbers_is_a_measurement_and_is_named():
    asked = Plan(treatment="arm", outcome="hormone", methods=("unadjusted",))
    found = analyse(table(), asked)
    assert found.estimates[0].scale == "mean difference"
    assert found.cautions[0].startswith("hormone holds many distinct numbers")
    assert found.record()["arms"]["treated"]["mean"] > 10


def test_events_among_trials_are_clustered_by_row():
    rows = table(n=80)
    rows["mii_oocytes"] = rows["oocytes"] // 2
    asked = Plan(treatment="arm", methods=("unadjusted",),
                 outcome={"events": "mii_oocytes", "trials": "oocytes"})  # fmt: skip
    found = analyse(rows, asked)
    assert found.table.n == rows["oocytes"].sum()
    assert found.estimates[0].interval == "Wald, clustered by row of the table"
    with pytest.raises(InputError, match="the counts do not fit"):
        analyse(rows.assign(mii_oocytes=rows["oocytes"] + 1), asked)


@pytest.mark.parametrize("kind", OUTCOMES)
def test_imputation_pools_and_keeps_everybody(kind):
    rows = table()
    rows.loc[::6, "x"] = np.nan
    missing = {"method": "mice", "imputations": 3, "iterations": 2}
    found = analyse(rows, plan(kind, ("adjusted",), missing=missing))
    assert found.record()["missing"]["analysed"] == 300
    assert all(each.converged for each in found.estimates)
    assert "Rubin" in found.estimates[0].interval


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ({"column": "hormone", "time": "months", "event": "born"}, "give `column`, or `time`"),
        ({"time": "months"}, "`time` and `event` go together"),
        ({"column": "grade", "kind": "ordinal"}, "`kind: ordinal` goes with `levels`"),
        ({"column": "hormone", "kind": "continuous", "horizon": 3}, "`horizon` goes with `time`"),
        ({"column": "arm"}, "another column than the treatment"),
    ],
)
def test_a_contradictory_outcome_is_refused(outcome, message):
    with pytest.raises(ValueError, match=message):
        Plan(treatment="arm", outcome=outcome, methods=("unadjusted",))


def test_a_method_not_available_names_those_that_have_one():
    with pytest.raises(ValueError, match="`firth` is not available for a time to an event; choose"):
        plan("time", ("firth",))


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"oocytes": -1}, "count", "oocytes: the outcome holds -1; give whole numbers from 0"),
        ({"months": 0.0}, "time", "months: it holds 0; give positive numbers"),
        ({"grade": "superb"}, "ordinal", "unknown category 'superb'"),
        ({"born": 3}, "time", "born: the outcome holds 3"),
    ],
)
def test_values_that_do_not_fit_the_outcome_are_refused(changes, kind, message):
    rows = table()
    for name, value in changes.items():
        rows.loc[0, name] = value
    with pytest.raises(InputError, match=message):
        analyse(rows, plan(kind, ("unadjusted",)))


def test_a_plan_is_written_as_it_was_read():
    assert plan("time", ("unadjusted",)).as_written()["outcome"] == OUTCOMES["time"] | {
        "horizon": 12.0
    }
    short = Plan(treatment="arm", outcome="y", methods=("unadjusted",))
    assert short.as_written()["outcome"] == "y"


def test_cox_without_a_finite_maximum_does_not_converge():
    time, event = np.arange(1.0, 9), np.ones(8)
    assert not fit_cox(time, event, (time < 5)[:, None] * 1.0).converged


def test_a_weight_of_two_is_a_row_twice():
    time, event = np.array([1.0, 3, 4, 6, 7]), np.array([1.0, 1, 0, 1, 1])
    x = np.array([[0.2], [1.0], [0.5], [-0.3], [0.9]])
    twice = fit_cox(np.r_[time, 2.0], np.r_[event, 0.0], np.r_[x, [[0.4]]], np.r_[np.ones(5), 2])
    rows = np.r_[0:5, 5, 5]
    doubled = fit_cox(np.r_[time, 2.0][rows], np.r_[event, 0.0][rows], np.r_[x, [[0.4]]][rows])
    assert twice.coef == pytest.approx(doubled.coef, rel=1e-9)


def test_the_restricted_mean_of_complete_follow_up_is_a_mean():
    time = np.array([2.0, 4, 6, 8])
    assert restricted_mean(time, np.ones(4), 10.0)[0] == pytest.approx(5.0)


@pytest.mark.parametrize("kind", OUTCOMES)
def test_the_methods_paragraph_names_the_models_of_the_outcome(kind):
    words = {"continuous": "Welch's t-test", "count": "Poisson regression",
             "ordinal": "proportional odds", "time": "Cox regression"}[kind]  # fmt: skip
    paragraph = methods_paragraph(analyse(table(), plan(kind)))
    assert words in paragraph
    assert "logistic regression on treatment" not in paragraph
    assert "two proportions" not in paragraph


def test_predicted_risks_equal_those_of_another_cox_regression_averaged_by_formula():
    """Without ties the baseline hazard is the sum of 1 / (total relative hazard at risk)."""
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.integers(0, 2, 120), rng.normal(size=120)]).astype(float)
    event, censored = rng.exponential(np.exp(-X @ [0.5, 0.7])), rng.exponential(1.5, 120)
    time, seen = np.minimum(event, censored), (event <= censored).astype(float)
    coef = sm.PHReg(time, X, seen).fit().params
    relative = np.exp(X @ coef)
    hazard = sum(1 / relative[time >= t].sum() for t in time[(seen > 0) & (time <= 0.8)])
    risk = [
        1 - np.exp(-hazard * np.exp(coef[0] * arm + coef[1] * X[:, 1])).mean() for arm in (1, 0)
    ]
    assert _risk_gap(time, seen, X, 0, 0.8) == pytest.approx(risk[0] - risk[1], rel=1e-9)
