"""Several treatments against one control: critical values, closed testing, interim analyses."""

import json

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

import pretese as pt
from estimate.multi_arm.closed_tests import dunnett_adjusted, dunnett_p
from estimate.multi_arm.plan import plan_multi_arm
from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.boundary_shapes import WangTsiatis
from estimate.sequential.spending import Spending
from pretese.cli import run
from protocol.errors import InputError

OF, POCOCK = WangTsiatis(0.0), WangTsiatis(0.5)


def largest_below(c, arms, ratio, sides):
    """Integrate over the control mean by adaptive quadrature (Dunnett 1955)."""
    spread, shared = np.sqrt(1 + ratio), np.sqrt(ratio)

    def density(b):
        high = norm.cdf(c * spread + shared * b)
        low = norm.cdf(-c * spread + shared * b) if sides == 2 else 0.0
        return norm.pdf(b) * (high - low) ** arms

    return quad(density, -9, 9, epsabs=1e-12)[0]


@pytest.mark.parametrize(
    ("arms", "ratio", "sides", "mvtnorm"),
    [(2, 1, 1, 2.2121685), (5, 1, 1, 2.5113553), (4, 0.5, 2, 2.4708721), (2, 2, 2, 2.1870678)],
)
def test_constants_of_dunnett(arms, ratio, sides, mvtnorm):
    alpha = 0.025 * sides
    found = plan_multi_arm([1], OF, arms, ratio=ratio, alpha=alpha, sides=sides).upper[0]
    assert 1 - largest_below(found, arms, ratio, sides) == pytest.approx(alpha, abs=1e-9)
    assert found == pytest.approx(mvtnorm, abs=2e-4)  # mvtnorm 1.1-3, accurate to 2e-4


def test_constants_that_dunnett_printed():
    # J Am Stat Assoc 1955;50:1096-121, tables 1a and 2a, infinite degrees of freedom.
    for arms, one_sided, two_sided in ((2, 1.92, 2.21), (3, 2.06, 2.35), (4, 2.16, 2.44)):
        for sides, printed in ((1, one_sided), (2, two_sided)):
            found = plan_multi_arm([1], OF, arms, alpha=0.05, sides=sides).upper[0]
            assert round(found, 2) == pytest.approx(printed, abs=0.011)


@pytest.mark.parametrize(
    ("arms", "rates", "shape", "mvtnorm"),
    [
        (2, [0.5, 1], OF, 2.2221356),
        (2, [0.5, 1], POCOCK, 2.4229068),
        (3, [0.5, 1], OF, 2.3561613),
        (3, [1 / 3, 2 / 3, 1], OF, 2.3760271),
    ],
)
def test_constants_of_several_analyses(arms, rates, shape, mvtnorm):
    plan = plan_multi_arm(rates, shape, arms)
    assert plan.upper[-1] == pytest.approx(mvtnorm, abs=1e-4)
    assert plan.error() == pytest.approx(0.025, abs=1e-7)


def test_one_treatment_is_an_ordinary_group_sequential_design():
    for shape in (Spending("OF"), Spending("Pocock"), POCOCK):
        ours = plan_multi_arm([0.4, 1], shape, 1)
        theirs = plan_sequential([0.4, 1], shape)
        assert ours.upper == pytest.approx(theirs.upper, abs=1e-5)
        assert ours.drift_for(0.8) == pytest.approx(theirs.drift, abs=1e-4)
    two = plan_multi_arm([0.5, 1], Spending("OF"), 1, alpha=0.05, sides=2)
    assert two.upper == pytest.approx(
        plan_sequential([0.5, 1], Spending("OF"), alpha=0.05, sides=2).upper, abs=1e-5
    )


def simulated(plan, drifts, trials=400_000):
    """Simulate trials as Brownian motions: arms rejected, dropped or continuing."""
    rng, t, r = np.random.default_rng(5), np.asarray(plan.information_rates), plan.ratio
    steps = np.sqrt(np.diff(t, prepend=0))
    control = (rng.normal(size=(trials, t.size)) * steps).cumsum(1)
    rejects, drops, going = [], [], []
    for drift in drifts:
        own = (rng.normal(size=(trials, t.size)) * steps).cumsum(1)
        z = (own - np.sqrt(r) * control) / np.sqrt(t * (1 + r)) + drift * np.sqrt(t)
        up, down = z >= np.asarray(plan.upper), z < np.append(plan.lower[:-1], -np.inf)
        first = (up | down).argmax(1)
        ends = (up | down).any(1)
        rejects.append(np.take_along_axis(up, first[:, None], 1)[:, 0])
        drops.append(np.take_along_axis(down, first[:, None], 1)[:, 0])
        going.append(~(ends & (first == 0)))
    return np.array(rejects), np.array(drops), np.array(going)


def test_dropping_arms_behaves_as_simulated_trials_do():
    plan = plan_multi_arm([0.5, 1], Spending("OF"), 3, ratio=0.5, futility_z=[0.2], binding=True)
    assert plan.error() == pytest.approx(0.025, abs=1e-7)
    free = plan_multi_arm([0.5, 1], Spending("OF"), 3, ratio=0.5)
    assert plan.upper[-1] < free.upper[-1]  # binding futility lowers the efficacy boundary
    drifts = [3.0, 1.0, 0.0]
    found, (rejects, drops, going) = plan.behaviour(drifts), simulated(plan, drifts)
    for ours, theirs in (
        (found.rejects.sum(1), rejects.mean(1)),
        (found.dropped[:, 0], drops.mean(1)),
        (found.any_rejection, rejects.any(0).mean()),
        (found.all_rejections, rejects.all(0).mean()),
        (found.expected_arm, 0.5 + 0.5 * going.mean(1)),
        (found.expected_control, 0.5 + 0.5 * going.any(0).mean()),
    ):
        assert np.asarray(ours) == pytest.approx(np.asarray(theirs), abs=0.0033)
    null, _, _ = simulated(plan, [0.0, 0.0, 0.0])
    assert null.any(0).mean() == pytest.approx(0.025, abs=0.001)


def test_closed_testing_is_at_least_as_powerful_as_the_single_step():
    single, closed = (dunnett_adjusted([2.3, 1.97, 2.6], closed=each) for each in (False, True))
    assert (closed <= single).all()
    assert closed[1] == pytest.approx(norm.sf(1.97))  # the last hypothesis is tested at full alpha
    assert single[1] == pytest.approx(dunnett_p(1.97, 3))
    assert closed[2] == single[2]
    assert 1 - largest_below(2.3, 2, 1.0, 1) == pytest.approx(closed[0], abs=1e-9)


def test_the_command_plans_counts_whose_error_and_power_are_shown(capsys):
    words = ["boundaries", "--analyses", "1", "--treatment-arms", "3", "--allocation-ratio", "0.6",
             "--control-risk", "23%", "--treated-risk", "38%", "--json"]  # fmt: skip
    assert run(words) == 0
    found = json.loads(capsys.readouterr().out)
    size = found["participants"]
    assert size["power"]["value"] == pytest.approx(0.8, abs=0.01)
    assert size["type_i_error"]["value"] == pytest.approx(0.025, abs=0.0015)
    assert found["step_down"][-1] == pytest.approx(1.959964, abs=1e-5)
    ours = pt.boundaries(2, treatment_arms=3, futility_z=[0], control_risk=0.23, treated_risk=0.38)
    assert ours.to_dict()["participants"]["type_i_error"]["value"] < 0.0265
    assert len(ours.to_frame()) == 2
    assert max(map(len, str(ours).splitlines())) <= 80


def test_plans_of_several_treatments_refuse_what_they_cannot_do():
    for words, options in (
        ("treatment_arms", {"treatment_arms": 0}),
        ("futility", {"treatment_arms": 2, "futility": "OF"}),
        ("allocation_ratio", {"allocation_ratio": 2.0}),
        ("futility_z", {"treatment_arms": 2, "futility_z": [0, 0]}),
        ("too many to integrate", {"treatment_arms": 2, "information": 5}),
    ):
        with pytest.raises(InputError, match=words):
            pt.boundaries(**{"information": 2, **options})
