"""Additive interaction: hand calculations."""

import numpy as np
import pytest

from estimate.core.analysis_set import AnalysisSet
from estimate.core.complete_cases import analysis_set
from estimate.heterogeneity.additive import (
    additive_by_level,
    additive_from_data,
    additive_interaction,
    recode,
)
from estimate.heterogeneity.risk_interaction import bootstrap_reri, risk_interaction
from protocol.errors import InputError

# Number of 20 patients per group with the outcome: untreated/treated x modifier no/yes.
EVENTS = {(0, 0): 4, (0, 1): 6, (1, 0): 8, (1, 1): 14}


def patients() -> tuple[AnalysisSet, np.ndarray]:
    rows = [(a, int(i < k), s) for (a, s), k in EVENTS.items() for i in range(20)]
    therapy, y, modifier = np.transpose(rows)
    return analysis_set({"therapy": therapy, "y": y}, treatment="therapy", outcome="y"), modifier


def odds(a: int, s: int) -> float:
    return EVENTS[a, s] / (20 - EVENTS[a, s])


def test_measures_by_hand() -> None:
    data, modifier = patients()
    ours = additive_from_data(data, modifier)
    r10, r01, r11 = (odds(*g) / odds(0, 0) for g in ((1, 0), (0, 1), (1, 1)))
    assert [ours.ratio10, ours.ratio01, ours.ratio11] == pytest.approx([r10, r01, r11])
    reri = r11 - r10 - r01 + 1
    assert ours.reri.estimate == pytest.approx(reri)
    assert ours.ap.estimate == pytest.approx(reri / r11)
    assert ours.synergy.estimate == pytest.approx((r11 - 1) / (r10 + r01 - 2))
    assert not ours.preventive


def test_the_delta_method_is_a_numerical_derivative() -> None:
    coef, cov = np.array([0.4, 0.7, 0.3]), np.diag([0.04, 0.05, 0.09]) + 0.01
    ours = additive_interaction(coef, cov)
    step = 1e-6 * np.eye(3)
    up, down = (
        additive_interaction(coef + d, np.broadcast_to(cov, (3, 3, 3))) for d in (step, -step)
    )
    slopes = {
        "reri": up.reri.estimate - down.reri.estimate,
        "ap": up.ap.estimate - down.ap.estimate,
        "synergy": np.log(up.synergy.estimate) - np.log(down.synergy.estimate),
    }
    for name, change in slopes.items():
        slope = change / 2e-6
        assert getattr(ours, name).std_error == pytest.approx(np.sqrt(slope @ cov @ slope))


def test_risks_by_hand() -> None:
    data, modifier = patients()
    ours = risk_interaction(data, modifier)
    risk = {g: k / 20 for g, k in EVENTS.items()}
    assert ours.risks == pytest.approx(np.array([[0.2, 0.3], [0.4, 0.7]]))
    assert ours.contrast.estimate == pytest.approx(0.7 - 0.4 - 0.3 + 0.2)
    variance = sum(p * (1 - p) / 20 for p in risk.values())
    assert ours.contrast.std_error == pytest.approx(np.sqrt(variance))
    assert ours.contrast.scale == "risk difference"
    assert ours.on_ratios.reri.estimate == pytest.approx(0.2 / 0.2)


def test_recoding_twice_comes_back() -> None:
    coef, cov = np.array([-0.5, 0.3, 0.2]), np.diag([0.1, 0.2, 0.3])
    for reference in ([0, 0], [1, 0], [0, 1], [1, 1]):
        once = recode(coef, cov, reference)
        twice = recode(once[0], once[1], reference)
        assert twice[0] == pytest.approx(coef)
        assert twice[1] == pytest.approx(cov)


def test_recoding_by_hand_flips_the_sign() -> None:
    """Treatment halves the odds; among the untreated the modifier doubles them."""
    coef = np.log([0.5, 2.0, 1.0])
    plain = additive_interaction(coef, np.eye(3))
    assert plain.preventive
    assert plain.reri.estimate == pytest.approx(1 - 0.5 - 2 + 1)
    moved, cov, chosen = recode(coef, np.eye(3))
    assert chosen.tolist() == [1, 0]
    ours = additive_interaction(moved, cov)
    assert [ours.ratio10, ours.ratio01, ours.ratio11] == pytest.approx([2, 2, 4])
    assert ours.reri.estimate == pytest.approx(1)
    assert not ours.preventive


def test_synergy_that_is_not_positive_has_no_interval() -> None:
    ours = additive_interaction(np.log([2.0, 1.5, 0.2]), np.eye(3) * 0.01)
    assert ours.synergy.estimate < 0
    assert np.isnan([ours.synergy.std_error, ours.synergy.conf_low, ours.synergy.p_value]).all()


def test_a_model_that_fails_gives_no_measure() -> None:
    therapy, modifier = np.tile([0, 1], 20), np.repeat([0, 1], 20)
    data = analysis_set({"therapy": therapy, "y": therapy}, treatment="therapy", outcome="y")
    assert np.isnan(additive_from_data(data, modifier).reri.estimate)


def test_a_modifier_that_is_the_treatment_gives_no_measure() -> None:
    data, _ = patients()
    ours = additive_from_data(data, data.treatment)
    assert np.isnan([ours.reri.estimate, ours.ap.estimate, ours.mover_low]).all()


def test_a_modifier_that_is_not_a_group_is_refused() -> None:
    data, modifier = patients()
    with pytest.raises(InputError, match="choose a cut"):
        additive_from_data(data, modifier * 31)


def test_the_bootstrap_is_reproducible_and_covers_its_estimate() -> None:
    data, modifier = patients()
    one, other = (
        bootstrap_reri(data, modifier, np.random.default_rng(3), resamples=300) for _ in range(2)
    )
    assert one.conf_low == other.conf_low
    assert one.conf_low < one.estimate < one.conf_high


def test_a_batch_equals_single_calls() -> None:
    rng = np.random.default_rng(4)
    coef = rng.normal(size=(5, 3))
    root = rng.normal(size=(5, 3, 3))
    cov = root @ root.swapaxes(-1, -2) / 10
    batch = additive_interaction(coef, cov)
    moved = recode(coef, cov)
    for i in range(5):
        alone = additive_interaction(coef[i], cov[i])
        assert batch.mover_low[i] == pytest.approx(alone.mover_low)
        assert batch.ap.conf_high[i] == pytest.approx(alone.ap.conf_high)
        assert moved[1][i] == pytest.approx(recode(coef[i], cov[i])[1])


def three_levels() -> tuple[AnalysisSet, np.ndarray]:
    events = {(0, 0): 4, (1, 0): 8, (0, 1): 6, (1, 1): 14, (0, 2): 5, (1, 2): 9}
    rows = [(a, int(i < k), g) for (a, g), k in events.items() for i in range(20)]
    therapy, y, group = np.transpose(rows)
    return analysis_set({"therapy": therapy, "y": y}, treatment="therapy", outcome="y"), group


def test_each_level_is_compared_with_the_first() -> None:
    """In a saturated model each pair of levels can be analysed as a separate study."""
    data, group = three_levels()
    ours = additive_by_level(data, group, 3)
    for level in (1, 2):
        pair = data.keep(np.isin(group, (0, level)), "another level")
        alone = additive_from_data(pair, group == level)
        assert ours.levels[level - 1].reri.estimate == pytest.approx(alone.reri.estimate, rel=1e-6)
        assert ours.levels[level - 1].reri.std_error == pytest.approx(
            alone.reri.std_error, rel=1e-5
        )
    errors = np.sqrt(np.diag(ours.cov))
    assert errors == pytest.approx([float(x.reri.std_error) for x in ours.levels])
    assert ours.cov[0, 1] > 0  # they share the reference level


def test_two_levels_are_the_pairwise_measure() -> None:
    data, modifier = patients()
    ours, pair = additive_by_level(data, modifier, 2), additive_from_data(data, modifier)
    assert ours.levels[0].reri.estimate == pytest.approx(pair.reri.estimate)
    assert ours.p_value == pytest.approx(pair.reri.p_value)


def test_a_level_without_events_is_a_measure_without_numbers() -> None:
    data, group = three_levels()
    empty = data.outcome * (group != 2)
    found = additive_by_level(
        analysis_set({"therapy": data.treatment, "y": empty}, treatment="therapy", outcome="y"),
        group,
        3,
    )
    assert np.isnan(found.reri).all()
    assert np.isnan(found.p_value)
