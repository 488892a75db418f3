"""Invariants of every mediation analysis, and recovery of two known effects."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimate.mediation.effects import effects_of
from estimate.mediation.mediation_analysis import mediate
from estimate.mediation.models import MediationData, MediationModels, mean_risks

NAMES = ("exposure", "treated", "y")
RISK = st.floats(0.01, 0.99)


@given(RISK, RISK, RISK, RISK)
def test_effects_add_up_to_the_total(a: float, b: float, c: float, d: float) -> None:
    acme_0, acme_1, ade_0, ade_1, total, _, _, acme, ade, *_ = effects_of([[a, b], [c, d]])
    assert acme_0 + ade_1 == pytest.approx(total)
    assert acme_1 + ade_0 == pytest.approx(total)
    assert acme + ade == pytest.approx(total)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.booleans())
def test_exchanging_the_reference_group_inverts_every_effect(seed: int, product: bool) -> None:
    rng = np.random.default_rng(seed)
    a, m, y = rng.integers(0, 2, (3, 120))
    one, other = (
        mediate(e, m, y, rng, names=NAMES, interaction=product, draws=5).effects for e in (a, 1 - a)
    )
    for name in ("acme", "ade", "total"):
        assert one[name].plug_in == pytest.approx(-other[name].plug_in, abs=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.permutations(range(80)))
def test_the_order_of_patients_does_not_matter(seed: int, order: list[int]) -> None:
    a, m, y = np.random.default_rng(seed).integers(0, 2, (3, 80))
    one, other = (
        mediate(*v, np.random.default_rng(0), names=NAMES, draws=5).effects["acme"]
        for v in ((a, m, y), (a[order], m[order], y[order]))
    )
    assert one.plug_in == pytest.approx(other.plug_in, abs=1e-9)


@pytest.mark.parametrize("product", [True, False])
def test_mean_risks_over_a_numeric_mediator_are_those_of_many_drawn_ones(product: bool) -> None:
    """Mediators are drawn from their model for each exposure, outcomes averaged for the other."""
    rng = np.random.default_rng(4)
    n, draws = 40, 20_000
    base = np.column_stack([np.ones(n), rng.normal(size=n)])
    ones = np.ones(n)
    data = MediationData(ones, ones, ones, base, rng.uniform(0.5, 2, n), False, product)
    first, second = np.array([0.8, 0.2, 0.5]), np.array([0.4, -0.7, 0.3, -0.2, 0.6])
    second = second if product else np.delete(second, 2)
    models = MediationModels(first, np.eye(3), np.array(0.9), second, np.eye(5), np.array(True))
    found = mean_risks(data, models, None, None)[0]
    noise = 0.9 * rng.standard_normal((draws, n))
    for a, b in np.ndindex(2, 2):
        m = first[0] * b + base @ first[1:] + noise
        head = second[0] * a + second[1] * m + (second[2] * a * m if product else 0)
        risk = (1 / (1 + np.exp(-head - base @ second[-2:]))).mean(0)
        drawn = float(data.weights @ risk / data.weights.sum())
        assert found[a, b] == pytest.approx(drawn, abs=0.003)


def studies(uptake: tuple[float, float], odds: tuple[float, float], sets: int) -> tuple:
    """Return exposure, treatment, outcome: uptake by exposure, treatment odds ratio by exposure."""
    rng = np.random.default_rng(8)
    a = rng.integers(0, 2, (sets, 500))
    m = (rng.random(a.shape) < np.where(a, uptake[1], uptake[0])).astype(int)
    effect = m * np.log(np.where(a, odds[1], odds[0]))
    y = (rng.random(a.shape) < 1 / (1 + np.exp(1.4 - 0.8 * a - effect))).astype(int)
    return a, m, y


def test_equal_uptake_gives_no_indirect_effect_whatever_the_interaction() -> None:
    """Treatment has an effect only in the exposed (odds ratio 3 against 1): no indirect effect."""
    a, m, y = studies((0.65, 0.65), (1.0, 3.0), sets=300)
    got = mediate(a, m, y, np.random.default_rng(9), names=NAMES, interaction=True, draws=100)
    acme = got.effects["acme"]
    assert abs(acme.plug_in.mean()) < 3 * acme.plug_in.std(ddof=1) / np.sqrt(300)
    assert (acme.p_value < 0.05).mean() < 0.09


def test_different_uptake_gives_an_indirect_effect_with_a_constant_effect() -> None:
    """The truth by summation over the four cells; intervals have their nominal coverage."""
    uptake = (0.4, 0.8)
    a, m, y = studies(uptake, (1.8, 1.8), sets=300)
    got = mediate(a, m, y, np.random.default_rng(10), names=NAMES, draws=300)

    def risk(e: int, b: int) -> float:
        at = [1 / (1 + np.exp(1.4 - 0.8 * e - t * np.log(1.8))) for t in (0, 1)]
        return uptake[b] * at[1] + (1 - uptake[b]) * at[0]

    truth = np.mean([risk(e, 1) - risk(e, 0) for e in (0, 1)])
    acme = got.effects["acme"]
    error = acme.plug_in.mean() - truth
    assert abs(error) < 3 * acme.plug_in.std(ddof=1) / np.sqrt(300)
    covered = ((acme.conf_low < truth) & (truth < acme.conf_high)).mean()
    assert abs(covered - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 300)
