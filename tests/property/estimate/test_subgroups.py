"""Invariants of every family of p-values and every pair of subgroups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from estimate.core.complete_cases import analysis_set
from estimate.heterogeneity.subgroups import adjust_p_values, interaction_test

P = arrays(np.float64, (2, 6), elements=st.floats(0, 1))


@given(P, st.permutations(range(6)))
def test_adjustment_follows_the_order_given(p: np.ndarray, order: list[int]) -> None:
    for correction in ("Holm", "Benjamini-Hochberg", "Bonferroni"):
        forth = adjust_p_values(p, correction)[:, order]
        assert forth == pytest.approx(adjust_p_values(p[:, order], correction))


@given(P)
def test_adjusted_p_values_are_ordered(p: np.ndarray) -> None:
    plain, weak, middle, strong = (
        p,
        adjust_p_values(p, "Benjamini-Hochberg"),
        adjust_p_values(p, "Holm"),
        adjust_p_values(p, "Bonferroni"),
    )
    for a, b in ((plain, weak), (weak, middle), (middle, strong)):
        assert (a <= b + 1e-12).all()
    assert strong.max() <= 1
    assert weak == pytest.approx(stats.false_discovery_control(p, axis=-1))


@given(st.integers(0, 10**6))
def test_recoding_treatment_or_subgroup_keeps_the_interaction(seed: int) -> None:
    rng = np.random.default_rng(seed)
    therapy, y, group = rng.integers(0, 2, (3, 200))
    data = analysis_set({"therapy": therapy, "y": y}, treatment="therapy", outcome="y")
    other = analysis_set({"therapy": 1 - therapy, "y": y}, treatment="therapy", outcome="y")
    test = interaction_test(data, group[:, None])
    for same in (
        interaction_test(other, group[:, None]),
        interaction_test(data, 1 - group[:, None]),
    ):
        assert same.likelihood_ratio == pytest.approx(test.likelihood_ratio, abs=1e-8)
        assert same.wald == pytest.approx(test.wald, abs=1e-8)


def test_the_interaction_test_has_its_nominal_size() -> None:
    """4,000 trials of 400 patients without interaction: 5 % are significant, within 3 Monte Carlo
    SE."""
    rng = np.random.default_rng(7)
    therapy, group = rng.integers(0, 2, (2, 4000, 400))
    risk = 1 / (1 + np.exp(1 - 0.5 * therapy - 0.4 * group))
    y = rng.random(therapy.shape) < risk
    data = analysis_set({"therapy": therapy, "y": y}, treatment="therapy", outcome="y")
    p = interaction_test(data, group[..., None]).p_value
    assert abs((p < 0.05).mean() - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 4000)
