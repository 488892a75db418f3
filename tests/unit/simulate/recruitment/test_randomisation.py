"""Randomisation: shares, balance, predictability, and independence of later patients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import InputError
from simulate.recruitment.minimisation import _imbalances, minimise
from simulate.recruitment.predictability import (
    block_predictability,
    convergence_guess,
    imbalance,
    imbalance_within,
)
from simulate.recruitment.randomisation import permuted_blocks, simple, stratified

RNG = np.random.default_rng(11)
UNIFORM = RNG.random((3000, 96))
SITE = RNG.integers(0, 8, UNIFORM.shape)
DIAGNOSIS = RNG.integers(0, 4, UNIFORM.shape)


def share_is(arms, arm, wanted):
    n = arms.size
    return abs((arms == arm).mean() - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / n)


def test_simple_randomisation_keeps_the_ratio_on_average():
    arms = simple(UNIFORM, (1, 2, 1))
    assert share_is(arms, 1, 0.5)
    assert share_is(arms, 2, 0.25)
    assert convergence_guess(simple(UNIFORM)).mean() == pytest.approx(0.5, abs=0.005)


@given(
    st.lists(st.integers(1, 3), min_size=2, max_size=3), st.integers(1, 3), st.integers(0, 2**32)
)
def test_every_complete_block_has_the_exact_allocation(allocation, rounds_of_blocks, seed):
    size = sum(allocation) * rounds_of_blocks
    streams = np.random.default_rng(seed).random((4, 3 * size + 1))
    arms = permuted_blocks(streams, allocation, rounds_of_blocks=[rounds_of_blocks])
    for block in range(3):
        for arm, part in enumerate(allocation):
            inside = arms[:, block * size : (block + 1) * size]
            assert ((inside == arm).sum(1) == part * rounds_of_blocks).all()


def test_all_orders_of_a_block_are_equally_likely():
    arms = permuted_blocks(np.random.default_rng(3).random((60_000, 4)))
    _, counts = np.unique(arms, axis=0, return_counts=True)
    assert counts.size == 6
    assert np.abs(counts - 10_000).max() < 4 * np.sqrt(60_000 * (1 / 6) * (5 / 6))


def test_an_incomplete_block_is_not_predictable():
    arms = permuted_blocks(np.random.default_rng(4).random((40_000, 5)))
    assert share_is(arms[:, 4], 1, 0.5)


@pytest.mark.parametrize("randomise", ["blocks", "varying", "strata", "minimised"])
def test_later_patients_change_no_earlier_assignment(randomise):
    def run(patients):
        streams, sites = UNIFORM[:50, :patients], SITE[:50, :patients]
        if randomise == "blocks":
            return permuted_blocks(streams)
        if randomise == "varying":
            return permuted_blocks(
                streams, rounds_of_blocks=[1, 2, 3], size_uniform=UNIFORM[50:100, :patients]
            )
        if randomise == "strata":
            return stratified(streams, sites, 8)
        return minimise(streams, [sites, DIAGNOSIS[:50, :patients]], [8, 4])

    assert (run(96)[:, :41] == run(41)).all()


@pytest.mark.parametrize("randomise", [stratified, None])
def test_a_batch_equals_single_trials(randomise):
    if randomise:
        whole = stratified(UNIFORM[:6], SITE[:6], 8, (1, 2), rounds_of_blocks=[1])
        each = [stratified(UNIFORM[i], SITE[i], 8, (1, 2), rounds_of_blocks=[1]) for i in range(6)]
    else:
        whole = minimise(UNIFORM[:6], [SITE[:6]], [8])
        each = [minimise(UNIFORM[i], [SITE[i]], [8]) for i in range(6)]
    assert (whole == np.stack(each)).all()


def test_random_block_sizes_are_less_predictable():
    fixed = convergence_guess(permuted_blocks(UNIFORM, rounds_of_blocks=[1])).mean()
    varying = permuted_blocks(UNIFORM, rounds_of_blocks=[1, 2, 3], size_uniform=UNIFORM[::-1])
    assert share_is(varying, 1, 0.5)
    assert convergence_guess(varying).mean() < fixed
    assert imbalance(varying).max() <= 3


def test_each_stratum_is_balanced():
    arms = stratified(UNIFORM, SITE, 9)
    left = imbalance_within(arms, SITE, 9)
    assert left.max() <= 2
    assert (left[:, 8] == 0).all()  # a site without patients is allowed
    assert imbalance_within(simple(UNIFORM), SITE, 9).mean() > 2 * left.mean()


def test_minimisation_of_the_first_patients_by_hand():
    # Patient 2 shares site and diagnosis with patient 1, patient 3 only the site, patient 4
    # nothing.
    site, diagnosis = [0, 0, 0, 1], [0, 0, 1, 1]
    arms = minimise([0.6, 0.3, 0.7, 0.9], [site, diagnosis], [2, 2], probability=1.0)
    # 1: tie, coin 0.6 -> 1. 2: arm 0 balances both. 3: tie (site level, diagnosis empty), 0.7 -> 1.
    # 4: diagnosis has one patient in arm 1 -> 0.
    assert arms.tolist() == [1, 0, 1, 0]


def test_probability_is_that_of_the_arm_with_less_imbalance():
    streams = np.random.default_rng(5).random((40_000, 2))
    arms = minimise(streams, [np.zeros((40_000, 2), int)], [1], probability=0.7)
    assert share_is((arms[:, 0] != arms[:, 1]).astype(int), 1, 0.7)


@pytest.mark.parametrize("allocation", [(1, 1), (1, 2), (3, 1), (1, 1, 2)])
@pytest.mark.parametrize("distance", ["range", "variance"])
def test_minimisation_keeps_the_ratio_and_balances_margins(allocation, distance):
    rng = np.random.default_rng(13)
    streams, patients = rng.random((500, 400)), 400
    site, diagnosis = rng.integers(0, 8, streams.shape), rng.integers(0, 4, streams.shape)
    arms = minimise(
        streams,
        [site, diagnosis],
        [8, 4],
        probability=0.85,
        allocation=allocation,
        distance=distance,
    )
    for arm, part in enumerate(allocation):
        # Within half a patient. With the same probability for every arm, whatever its allocation,
        # part, 1:2 would be off by two patients in 400.
        excess = (arms == arm).sum(1).mean() - patients * part / sum(allocation)
        assert abs(excess) < 0.5
    coin = simple(streams, allocation)
    ours = imbalance_within(arms, diagnosis, 4, allocation=allocation).mean()
    theirs = imbalance_within(coin, diagnosis, 4, allocation=allocation).mean()
    assert ours < 0.5 * theirs


@pytest.mark.parametrize("distance", ["range", "variance"])
def test_the_algorithm_for_two_arms_agrees_with_the_general_one(distance):
    rng = np.random.default_rng(2)
    load, weights, ratio = rng.random((20, 3, 2)), np.array([1.0, 2.0, 0.5]), np.array([1.0, 2.0])
    after = load[:, None] + (np.eye(2) / ratio)[:, None, :]
    spread = np.ptp(after, axis=-1) if distance == "range" else after.var(-1)
    assert _imbalances(load, weights, ratio, distance) == pytest.approx(spread @ weights)


def test_both_distances_agree_for_one_factor_and_two_arms():
    streams, sites = UNIFORM[:200], SITE[:200]
    by_range = minimise(streams, [sites], [8], distance="range")
    assert (by_range == minimise(streams, [sites], [8], distance="variance")).all()


def test_a_weight_of_zero_removes_the_factor():
    with_zero = minimise(UNIFORM[:50], [SITE[:50], DIAGNOSIS[:50]], [8, 4], weights=[1, 0])
    assert (with_zero == minimise(UNIFORM[:50], [SITE[:50]], [8])).all()


def test_a_higher_probability_is_more_predictable_and_better_balanced():
    mild, strict = (minimise(UNIFORM, [SITE], [8], probability=p) for p in (0.65, 0.95))
    assert imbalance_within(strict, SITE, 8).mean() < imbalance_within(mild, SITE, 8).mean()
    assert convergence_guess(strict).mean() > convergence_guess(mild).mean()


@settings(max_examples=20)
@given(st.integers(1, 12))
def test_predictability_of_blocks_agrees_with_the_closed_form(half):
    streams = np.random.default_rng(half).random((4000, 2 * half))
    found = convergence_guess(permuted_blocks(streams, rounds_of_blocks=[half]))
    error = found.std(ddof=1) / np.sqrt(found.size)
    assert abs(found.mean() - block_predictability(2 * half)) < 4 * error + 1e-12


def test_imbalance_by_hand():
    assert imbalance([0, 0, 1, 1, 1]).tolist() == [1, 2, 1, 0, 1]
    assert imbalance([1, 1, 0], allocation=(1, 2)).tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: simple([0.1], (1, 0)), "whole numbers from 1"),
        (lambda: simple([0.1], (1,)), "two or more"),
        (lambda: simple([0.1], (1, 1.5)), "whole numbers"),
        (lambda: permuted_blocks([0.1], rounds_of_blocks=[0]), "rounds_of_blocks"),
        (lambda: permuted_blocks([0.1], rounds_of_blocks=[1, 2]), "pass uniforms"),
        (lambda: stratified([0.1], [1], 1), "number the strata from 0"),
        (lambda: stratified([0.1], [0.5], 1), "whole numbers"),
        (lambda: minimise([0.1], [[0]], [1], probability=0.4), "above 0.5"),
        (lambda: minimise([0.1], [[0]], [1, 2]), "one of each per factor"),
        (lambda: minimise([0.1], [], []), "one of each per factor"),
        (lambda: minimise([0.1], [[0]], [1], weights=[-1]), "none below 0"),
        (lambda: minimise([0.1], [[0]], [1], distance="sd"), "'range' or 'variance'"),
        (lambda: block_predictability(5), "odd"),
    ],
)
def test_an_impossible_randomisation_is_refused_with_the_reason(make, message):
    with pytest.raises(InputError, match=message):
        make()
