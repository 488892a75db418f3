"""Median-unbiased estimates and final intervals for a batch of trials."""

from dataclasses import replace

import numpy as np
import pytest

from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.boundary_shapes import HaybittlePeto, WangTsiatis
from estimate.sequential.interim_inference import analyse_final, stagewise_tail
from estimate.sequential.spending import Spending
from estimate.sequential.stagewise import order_stagewise
from estimate.sequential.trials import follow
from protocol.errors import InputError

POCOCK = Spending("Pocock")
DESIGNS = {
    "one side": plan_sequential([1 / 3, 2 / 3, 1], Spending("OF")),
    "two sides": plan_sequential([0.3, 0.6, 1], POCOCK, alpha=0.05, sides=2),
    "binding futility": plan_sequential([0.4, 0.7, 1], POCOCK, futility=POCOCK, binding=True),
    "no boundary at an analysis": plan_sequential(
        [0.2, 0.6, 1], Spending("user", cumulative=(0.0, 0.01, 0.025))
    ),
    "analyses close together": plan_sequential([0.5, 0.56, 1], WangTsiatis(0.5)),
}


def walk(design, drift, trials, seed):
    """Draw Z_1 .. Z_K with mean drift * sqrt(t_k) and the group-sequential covariance."""
    t = np.array(design.information_rates)
    steps = np.random.default_rng(seed).normal(size=(trials, t.size)) * np.sqrt(
        np.diff(t, prepend=0)
    )
    return follow(design, (np.cumsum(steps, 1) + drift * t) / np.sqrt(t))


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("drift", [-1.5, 0.0, 2.0, 4.0])
def test_the_median_is_the_median_and_the_interval_covers(name, drift):
    design, trials = DESIGNS[name], 20_000
    ends = walk(design, drift, trials, seed=11)
    found = order_stagewise(design, ends.analysis, ends.z)
    for share, right in (
        (found.median_unbiased < drift, 0.5),
        (found.low > drift, 0.025),
        (found.high < drift, 0.025),
    ):
        assert abs(share.mean() - right) < 4 * np.sqrt(right * (1 - right) / trials)


@pytest.mark.parametrize(
    ("name", "drift"), [("one side", 3.0), ("two sides", 1.0), ("binding futility", 1.0)]
)
def test_the_naive_interval_undercovers(name, drift):
    design, trials = DESIGNS[name], 20_000
    ends = walk(design, drift, trials, seed=11)
    root = np.sqrt(np.array(design.information_rates)[ends.analysis - 1])
    misses = np.abs(ends.z / root - drift) > 1.959964 / root
    assert misses.mean() > 0.05 + 4 * np.sqrt(0.05 * 0.95 / trials)


@pytest.mark.parametrize("name", DESIGNS)
def test_the_naive_estimate_is_too_high_at_the_planned_effect(name):
    design, drift = DESIGNS[name], 3.0
    ends = walk(design, drift, 20_000, seed=11)
    naive = ends.z / np.sqrt(np.array(design.information_rates)[ends.analysis - 1])
    assert (naive < drift).mean() < 0.43
    found = order_stagewise(design, ends.analysis, ends.z)
    assert abs(found.median_unbiased.mean() - drift) < 0.7 * abs(naive.mean() - drift)


def test_following_non_binding_futility_biases_only_against_treatment():
    design = plan_sequential([1 / 3, 2 / 3, 1], POCOCK, futility=Spending("OF"))
    ends = walk(design, 1.5, 20_000, seed=5)
    found = order_stagewise(design, ends.analysis, ends.z)
    assert (found.median_unbiased < 1.5).mean() > 0.56
    assert (found.low > 1.5).mean() < 0.025 + 4 * np.sqrt(0.025 * 0.975 / 20_000)
    # With binding futility the estimate is exactly median-unbiased for any efficacy boundaries.
    kept = order_stagewise(replace(design, binding=True), ends.analysis, ends.z)
    assert abs((kept.median_unbiased < 1.5).mean() - 0.5) < 4 * np.sqrt(0.25 / 20_000)


def random_design(rng):
    analyses = int(rng.integers(1, 6))
    t = np.cumsum(rng.integers(1, 20, analyses))
    shape = [Spending("OF"), POCOCK, Spending("HSD", -2.0), WangTsiatis(0.2), HaybittlePeto(3)]
    sides = int(rng.integers(1, 3))
    futility = Spending("KD", 1.5) if sides == 1 and rng.random() < 0.6 else None
    return plan_sequential(
        t / t[-1], shape[rng.integers(5)], alpha=0.025 * sides, sides=sides, power=0.85,
        futility=futility, binding=bool(rng.integers(2)) and futility is not None,
    )  # fmt: skip


def test_a_batch_agrees_with_the_analysis_of_each_trial():
    rng = np.random.default_rng(3)
    for _ in range(12):
        design = random_design(rng)
        ends = walk(design, rng.uniform(-3, 5), 4, seed=int(rng.integers(1000)))
        level = rng.choice([0.9, 0.95])
        found = order_stagewise(design, ends.analysis, ends.z, level=level)
        for i, (analysis, z) in enumerate(zip(ends.analysis, ends.z, strict=True)):
            alone = analyse_final(design, design.information_rates[:analysis], z, level=level)
            assert found.median_unbiased[i] == pytest.approx(alone.median_unbiased, abs=1e-6)
            assert found.low[i] == pytest.approx(alone.conf_low, abs=1e-6)
            assert found.high[i] == pytest.approx(alone.conf_high, abs=1e-6)


@pytest.mark.parametrize("name", DESIGNS)
def test_interpolated_limits_solve_the_tail(name):
    design = DESIGNS[name]
    ends = walk(design, 1.0, 3000, seed=2)
    found = order_stagewise(design, ends.analysis, ends.z)
    for analysis in np.unique(ends.analysis):
        here = np.flatnonzero(ends.analysis == analysis)
        for i in here[:: here.size // 5 + 1]:
            rates = design.information_rates[:analysis]
            limits = [found.median_unbiased[i], found.low[i], found.high[i]]
            tails = stagewise_tail(design, rates, ends.z[i], limits)
            assert tails == pytest.approx([0.5, 0.025, 0.975], abs=1e-8)


@pytest.mark.parametrize("name", DESIGNS)
def test_limits_are_finite_and_ordered_however_extreme_the_outcome(name):
    far = 9.0 if name == "analyses close together" else 60.0
    design, z = DESIGNS[name], np.array([-far, -8.0, 0.0, 8.0, far])
    for analysis in (1, 2, 3):
        found = order_stagewise(design, analysis, z)
        assert np.isfinite(found.low).all()
        assert np.isfinite(found.high).all()
        assert (found.low < found.median_unbiased).all()
        assert (found.median_unbiased < found.high).all()
        for each in (found.low, found.median_unbiased, found.high):
            assert (np.diff(each) > -1e-9).all()


def test_limits_of_a_trial_do_not_depend_on_its_batch():
    design = DESIGNS["two sides"]
    ends = walk(design, 2.0, 200, seed=6)
    found = order_stagewise(design, ends.analysis, ends.z)
    for i in range(0, 200, 40):
        alone = order_stagewise(design, ends.analysis[i], ends.z[i])
        assert (alone.low, alone.high) == (found.low[i], found.high[i])


def test_a_late_extreme_outcome_is_not_more_favourable_than_an_earlier_stop():
    design = DESIGNS["one side"]
    early = order_stagewise(design, 2, design.upper[1])
    late = order_stagewise(design, 3, 25.0)
    assert late.median_unbiased == pytest.approx(early.median_unbiased, abs=1e-6)
    alone = analyse_final(design, design.information_rates, 25.0)
    assert late.median_unbiased == pytest.approx(alone.median_unbiased, abs=1e-6)


def test_one_analysis_gives_the_usual_interval():
    design = plan_sequential([1.0], POCOCK)
    found = order_stagewise(design, 1, [[0.3, 2.0]])
    assert found.low.shape == (1, 2)
    assert found.median_unbiased == pytest.approx(np.array([[0.3, 2.0]]))
    assert found.high - found.low == pytest.approx(np.full((1, 2), 2 * 1.959964), abs=1e-6)


def test_two_sides_mirror():
    design = DESIGNS["two sides"]
    plus, minus = (
        order_stagewise(design, [1, 2, 3], z) for z in ([2.5, 2.4, 1.1], [-2.5, -2.4, -1.1])
    )
    assert plus.median_unbiased == pytest.approx(-minus.median_unbiased, abs=1e-9)
    assert plus.low == pytest.approx(-minus.high, abs=1e-9)


def test_the_interval_excludes_no_effect_where_the_trial_rejects():
    design = DESIGNS["binding futility"]
    ends = walk(design, 1.5, 4000, seed=4)
    found = order_stagewise(design, ends.analysis, ends.z)
    assert ((found.low >= 0) == ends.rejected).all()


def test_a_trial_without_a_statistic_has_no_limits():
    found = order_stagewise(DESIGNS["one side"], [3, 3], [np.nan, 1.0])
    assert np.isnan(found.low).tolist() == [True, False]


@pytest.mark.parametrize(
    ("analysis", "level", "message"),
    [(4, 0.95, "the design has 3"), (0, 0.95, "count them from 1"), (1, 1.0, "between 0 and 1")],
)
def test_an_impossible_analysis_or_level_is_refused(analysis, level, message):
    with pytest.raises(InputError, match=message):
        order_stagewise(DESIGNS["one side"], analysis, 1.0, level=level)
