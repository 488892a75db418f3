from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulate.core.random_streams import CHUNK, Luck

seeds = st.integers(0, 2**32)


@given(seeds, st.integers(1, 40), st.integers(1, 40), st.sampled_from(["uniform", "normal"]))
def test_a_larger_cohort_begins_with_the_smaller_one(seed, few, more, kind):
    small = getattr(Luck(seed, men=few), kind)("choice")
    large = getattr(Luck(seed, men=few + more), kind)("choice")
    assert np.array_equal(small, large[:, :few])


@given(seeds, st.integers(0, 50), st.integers(1, 5))
def test_a_replicate_is_the_same_wherever_its_block_begins(seed, first, before):
    alone = Luck(seed, men=7, first=first + before).normal("baseline", width=3)
    inside = Luck(seed, men=7, replicates=before + 2, first=first).normal("baseline", width=3)
    assert np.array_equal(alone[0], inside[before])


def test_men_beyond_a_chunk_keep_their_numbers():
    small = Luck(3, men=CHUNK + 5).uniform("x")
    large = Luck(3, men=2 * CHUNK + 5).uniform("x")
    assert np.array_equal(small, large[:, : CHUNK + 5])
    assert len(np.unique(large)) == large.size


@given(seeds, st.integers(0, 3), st.integers(1, 9), st.sampled_from([None, 3]))
@settings(max_examples=10)
def test_slices_of_men_laid_end_to_end_are_the_whole(seed, chunks, more, width):
    first_man = chunks * CHUNK
    whole = Luck(seed, men=first_man + more, replicates=2, first=5).normal("x", width)
    ends = [0, *range(CHUNK, first_man + 1, CHUNK), first_man + more]
    slices = [
        Luck(seed, men=end - begin, replicates=2, first=5, first_man=begin).normal("x", width)
        for begin, end in pairwise(ends)
    ]
    assert np.array_equal(np.concatenate(slices, axis=1), whole)


@pytest.mark.parametrize("first_man", [-CHUNK, 1, CHUNK - 1, CHUNK + 1])
def test_a_slice_must_begin_where_a_chunk_does(first_man):
    with pytest.raises(ValueError, match="multiple of 8192"):
        Luck(1, men=1, first_man=first_man)


def test_purposes_replicates_seeds_and_chunks_are_unrelated():
    men = CHUNK
    first = Luck(1, men=2 * men, replicates=2).normal("a")
    columns = [
        first[0, :men],
        first[0, men:],
        first[1, :men],
        Luck(1, men=men).normal("b")[0],
        Luck(2, men=men).normal("a")[0],
    ]
    correlation = np.corrcoef(columns)
    assert np.abs(correlation - np.eye(5)).max() < 4 / np.sqrt(men)


def test_the_numbers_have_their_distributions():
    luck = Luck(5, men=20_000)
    assert stats.kstest(luck.uniform("u")[0], "uniform").pvalue > 0.001
    assert stats.kstest(luck.normal("n")[0], "norm").pvalue > 0.001


@pytest.mark.parametrize("bad", [{"seed": -1}, {"men": 0}, {"replicates": 0}, {"first": -1}])
def test_nonsense_sizes_are_refused(bad):
    with pytest.raises(ValueError, match="must be 0 or greater"):
        Luck(**({"seed": 1, "men": 1} | bad))
