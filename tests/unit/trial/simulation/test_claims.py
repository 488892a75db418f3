"""Graphs over analyses: by hand, compared with the graph of one analysis, and type I error."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from estimate.performance.measures import proportion_mcse
from estimate.sample_size.graphs import reject
from estimate.sequential.trials import follow
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.design.interim import upper_at
from pretese.trial.simulation.claims import decide_claims
from protocol.reading.documents import validate

SHIPPED = read_design("three-endpoints")[0]
HALVES = {"analyses_percent": [50, 100], "alpha_percent": 2.5, "sides": 1}


def planned(multiplicity, endpoints=3, **monitoring):
    change = {
        "multiplicity": multiplicity,
        "secondary": SHIPPED.model_dump()["secondary"][: endpoints - 1],
        "monitoring": {**SHIPPED.monitoring.model_dump(), **monitoring},
    }
    return validate({**SHIPPED.model_dump(), **change}, DesignFile, "test")


def test_one_analysis_by_hand():
    p = np.array([[0.010, 0.030, 0.200], [0.060, 0.001, 0.001], [0.020, 0.024, 0.049]])
    z = -ndtri(p / 2)[:, None]
    message = {
        "fixed sequence": [[1, 1, 0], [0, 0, 0], [1, 1, 1]],
        "holm": [[1, 0, 0], [0, 1, 1], [0, 0, 0]],  # levels .0167, .025, .05
    }
    for method, claimed in message.items():
        found = decide_claims(planned({"method": method}), z)
        assert found.claimed.astype(int).tolist() == claimed, method
        assert found.analysis.tolist() == [1, 1, 1]
    assert decide_claims(planned(None), z).claimed.tolist() == (p <= 0.05).tolist()
    # A one-sided test claims only in favour of treatment; without an estimate there is no claim.
    low = np.array([[[-5.0, np.nan, 5.0]]])
    assert decide_claims(planned(None, sides=1), low).claimed.tolist() == [[False, False, True]]
    assert decide_claims(planned(None), low).claimed.tolist() == [[True, False, True]]


@pytest.mark.parametrize(
    "multiplicity",
    [
        {"method": "holm"},
        {"method": "fallback", "weights_percent": [50, 30, 20]},
        {
            "method": "graph",
            "weights_percent": [40, 40, 20],
            "transitions_percent": [[0, 50, 50], [100, 0, 0], [30, 30, 0]],
        },
    ],
    ids=lambda each: each["method"],
)
@pytest.mark.parametrize("sides", [1, 2])
def test_one_analysis_is_the_graph_of_adjusted_p_values(multiplicity, sides):
    design = planned(multiplicity, sides=sides)
    z = np.random.default_rng(3).normal(1.7, 1, (4000, 3))
    z[::50, 1] = np.nan
    p = ndtr(-z) if sides == 1 else 2 * ndtr(-np.abs(z))
    assert np.array_equal(
        decide_claims(design, z[:, None]).claimed, reject(design.graph(), p, 0.05)
    )


def test_two_analyses_by_hand():
    # Pocock spending of .025: boundaries 2.157 and 2.201 for an endpoint at full alpha.
    design = planned({"method": "fixed sequence"}, 2, efficacy="Pocock", **HALVES)
    whole = upper_at((50.0, 100.0), "Pocock", 1, 0.025)
    assert whole == pytest.approx([2.157, 2.201], abs=1e-3)
    z = np.array(
        [
            [[2.16, 2.16], [0.0, 0.0]],  # both at the first analysis
            [[2.16, 2.15], [0.0, 9.9]],  # the secondary fails where the primary stops the trial
            [[2.15, 9.90], [2.21, 2.19]],  # early success waits for the primary, then is too late
            [[2.15, 9.90], [2.19, 9.90]],  # the primary fails
        ]
    )
    found = decide_claims(design, z)
    assert found.analysis.tolist() == [1, 1, 2, 2]
    assert found.claimed.tolist() == [[1, 1], [1, 0], [1, 0], [0, 0]]
    # With its own alpha the secondary is claimed when it is first rejected, and remains claimed.
    split = planned({"method": "fallback", "weights_percent": [50, 50]}, 2, efficacy="Pocock",
                    **HALVES)  # fmt: skip
    half = upper_at((50.0, 100.0), "Pocock", 1, 0.0125)
    assert (half > whole).all()
    early = np.array([[[2.15, half[0]], [half[1], 0.0]], [[2.15, half[0] - 0.01], [half[1], 0.0]]])
    assert decide_claims(split, early).claimed.tolist() == [[1, 1], [1, 0]]


def test_a_futile_primary_ends_the_trial():
    design = planned({"method": "holm"}, 2, futility="HSD(-2)", **HALVES)
    lower = design.monitoring.plan().lower[0]
    z = np.array([[[lower - 0.1, 4.0], [9.0, 9.0]], [[lower + 0.1, 4.0], [9.0, 9.0]]])
    found = decide_claims(design, z)
    assert found.analysis.tolist() == [1, 2]
    assert found.claimed.tolist() == [[False, True], [True, True]]


def correlated(drift, trials, seed):
    """Return two-analysis statistics of a primary with a drift and a secondary without effect."""
    rng, t = np.random.default_rng(seed), np.array([0.5, 1.0])
    steps = rng.normal(size=(2, trials, 2)) * np.sqrt(0.5)
    walk = np.cumsum(steps, -1) / np.sqrt(t)
    own, noise = walk
    return np.stack([own + drift * np.sqrt(t), 0.9 * own + np.sqrt(1 - 0.81) * noise], -1)


def test_each_endpoint_spends_its_own_alpha():
    design = planned({"method": "fixed sequence"}, 2, efficacy="OF", **HALVES)
    trials, worst = 60_000, 0.0
    allowed = 0.025 + 3 * proportion_mcse(0.025, trials)
    for drift in (2.0, 3.0, 4.0):
        z = correlated(drift, trials, 5)
        found = decide_claims(design, z)
        assert found.claimed[:, 1].mean() < allowed
        ends = follow(design.monitoring.plan(), z[..., 0])
        assert np.array_equal(ends.analysis, found.analysis)
        assert np.array_equal(ends.rejected, found.claimed[:, 0])
        aside = z[np.arange(trials), ends.analysis - 1, 1] > ndtri(0.975)
        worst = max(worst, (ends.rejected & aside).mean())
    assert worst > allowed


def test_the_family_wise_error_is_controlled_under_the_global_null():
    z = correlated(0.0, 60_000, 6)
    for multiplicity in ({"method": "holm"}, {"method": "fallback", "weights_percent": [80, 20]}):
        design = planned(multiplicity, 2, efficacy="HSD(-4)", **HALVES)
        error = decide_claims(design, z).claimed.any(1).mean()
        assert error < 0.025 + 3 * proportion_mcse(0.025, 60_000)
    loose = decide_claims(
        planned(None, 2, efficacy="HSD(-4)", **HALVES), correlated(0.0, 60_000, 6)
    )
    assert loose.claimed.any(1).mean() > 0.028
