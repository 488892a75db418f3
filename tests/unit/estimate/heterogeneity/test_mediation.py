"""Mediation: hand calculations."""

import numpy as np
import pytest

from estimate.mediation.effects import EFFECTS, Mediation, effects_of
from estimate.mediation.mediation_analysis import mediate
from estimate.mediation.unmeasured import (
    mediational_e_value,
    without_confounder,
)
from estimate.regression.logistic import fit_logistic
from protocol.errors import InputError

NAMES = ("diagnosis", "therapy", "sperm_retrieved")
# (exposure, mediator) -> patients, patients with the outcome.
CELLS = {(0, 0): (20, 4), (0, 1): (20, 8), (1, 0): (10, 3), (1, 1): (30, 18)}


def patients() -> np.ndarray:
    rows = [(a, m, int(i < k)) for (a, m), (n, k) in CELLS.items() for i in range(n)]
    return np.transpose(rows)


def analyse(**options: object) -> Mediation:
    a, m, y = patients()
    return mediate(a, m, y, np.random.default_rng(1), names=NAMES, **options)


def test_effects_by_hand_from_cells() -> None:
    """With the product term both models are saturated and reproduce the observed proportions."""
    ours = analyse(interaction=True, draws=100)
    uptake = {0: 0.5, 1: 0.75}
    risk = {cell: k / n for cell, (n, k) in CELLS.items()}
    r = {
        (a, b): uptake[b] * risk[a, 1] + (1 - uptake[b]) * risk[a, 0]
        for a in (0, 1)
        for b in (0, 1)
    }
    expected = {
        "acme_0": r[0, 1] - r[0, 0],
        "acme_1": r[1, 1] - r[1, 0],
        "ade_0": r[1, 0] - r[0, 0],
        "ade_1": r[1, 1] - r[0, 1],
        "total": r[1, 1] - r[0, 0],
        "indirect_ratio": r[1, 1] / r[1, 0],
    }
    for name, value in expected.items():
        assert ours.effects[name].plug_in == pytest.approx(value, rel=1e-8), name
    assert ours.n == 80


def test_effects_are_computed_from_the_risks() -> None:
    got = dict(zip(EFFECTS, effects_of([[0.20, 0.22], [0.30, 0.34]]), strict=True))
    assert got["acme_0"] == pytest.approx(0.02)
    assert got["acme_1"] == pytest.approx(0.04)
    assert got["acme"] == pytest.approx(0.03)
    assert got["proportion"] == pytest.approx(0.03 / 0.14)


def test_the_result_states_its_limits() -> None:
    ours = analyse(draws=50)
    assert "not whether therapy works better in some" in ours.reading
    for each in ours.estimates():
        assert each.scale == "risk difference"
        assert each.method == "mediation, quasi-Bayes"
        assert "diagnosis" in str(each.estimand)


def test_the_monte_carlo_error_of_p_shrinks_with_draws() -> None:
    few, many = (analyse(draws=d).effects["acme"] for d in (100, 10_000))
    assert many.p_error < few.p_error
    q = float(many.p_value) / 2
    assert many.p_error == pytest.approx(2 * np.sqrt(q * (1 - q) / 10_000), rel=0.05)


def test_a_numeric_mediator_is_integrated_like_a_million_draws() -> None:
    rng = np.random.default_rng(2)
    a = rng.integers(0, 2, 200).astype(float)
    m = 1 + 0.8 * a + rng.normal(size=200)
    y = (rng.random(200) < 1 / (1 + np.exp(1.5 - 0.5 * a - 0.9 * m))).astype(float)
    ours = mediate(a, m, y, rng, names=NAMES, draws=10).effects
    outcome = fit_logistic(np.stack([a, m, np.ones(200)], -1), y).coef
    line = [m[a == k].mean() for k in (0, 1)]
    sigma = np.sqrt(sum(((m - line[k])[a == k] ** 2).sum() for k in (0, 1)) / 198)
    noise = sigma * rng.normal(size=1_000_000)

    def risk(s: int, t: int) -> float:
        eta = outcome[2] + outcome[0] * s + outcome[1] * (line[t] + noise)
        return float((1 / (1 + np.exp(-eta))).mean())

    assert ours["acme_1"].plug_in == pytest.approx(risk(1, 1) - risk(1, 0), abs=1e-3)
    assert ours["ade_0"].plug_in == pytest.approx(risk(1, 0) - risk(0, 0), abs=1e-3)


def test_the_bootstrap_agrees_with_the_draws_of_coefficients() -> None:
    rng = np.random.default_rng(3)
    a = rng.integers(0, 2, 600)
    m = (rng.random(600) < 0.3 + 0.4 * a).astype(int)
    y = (rng.random(600) < 0.15 + 0.1 * a + 0.25 * m).astype(int)
    bayes, boot = (
        mediate(a, m, y, rng, names=NAMES, method=how, draws=1500).effects["acme"]
        for how in ("quasi-Bayes", "bootstrap")
    )
    assert boot.std_error == pytest.approx(bayes.std_error, rel=0.1)
    assert boot.conf_low == pytest.approx(bayes.conf_low, abs=0.01)


def test_a_batch_equals_single_studies() -> None:
    rng = np.random.default_rng(4)
    a, m, y = (rng.integers(0, 2, (3, 150)) for _ in range(3))
    covariates, w = rng.normal(size=(3, 150, 2)), rng.integers(0, 2, (3, 150))
    options = {"names": NAMES, "draws": 20}
    batch = mediate(a, m, y, rng, covariates=covariates, weights=w, **options)
    for i in range(3):
        alone = mediate(a[i], m[i], y[i], rng, covariates=covariates[i], weights=w[i], **options)
        for name in EFFECTS:
            assert batch.effects[name].plug_in[i] == pytest.approx(alone.effects[name].plug_in)
        assert batch.n[i] == alone.n == w[i].sum()


def test_draws_of_identical_imputations_are_those_of_one() -> None:
    a, m, y = patients()
    five = np.stack([m] * 5)
    together = mediate(a, five, y, np.random.default_rng(5), names=NAMES, draws=2000, imputed=True)
    one = analyse(draws=10_000)
    assert together.draws == 10_000
    assert together.effects["acme"].plug_in == pytest.approx(one.effects["acme"].plug_in)
    assert together.effects["acme"].std_error == pytest.approx(
        one.effects["acme"].std_error, rel=0.05
    )


def test_a_model_without_finite_fit_is_a_counted_failure() -> None:
    a, m, _ = patients()
    ours = mediate(a, m, a, np.random.default_rng(6), names=NAMES, draws=50)
    assert not ours.converged
    assert ours.draws == 0
    assert np.isnan(ours.effects["acme"].mean)
    assert all(np.isnan(each.estimate) for each in ours.estimates())


def test_bad_input_is_named() -> None:
    a, m, y = patients()
    rng = np.random.default_rng(7)
    with pytest.raises(InputError, match="exposure: is not 0/1"):
        mediate(a * 2, m, y, rng, names=NAMES)
    with pytest.raises(InputError, match="give one study"):
        mediate(np.stack([a, a]), m, y, rng, names=NAMES, method="bootstrap")


def test_sensitivity_by_hand() -> None:
    ours = analyse(draws=500)
    indirect, direct = without_confounder(ours, [0.0, 0.2], 0.1)
    assert indirect - ours.effects["acme"].mean == pytest.approx([0, 0.02])
    assert direct - ours.effects["ade"].mean == pytest.approx([0, -0.02])
    ratio = ours.effects["indirect_ratio"]
    answer = mediational_e_value(ours)
    mean = float(ratio.mean)
    assert answer.point == pytest.approx(mean + np.sqrt(mean * (mean - 1)))
    assert (answer.limit == 1) == (ratio.conf_low <= 1 <= ratio.conf_high)
    assert ours.indirect_ratio().scale == "risk ratio"
