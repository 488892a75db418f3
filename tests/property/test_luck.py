import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simulate.luck import CHUNK, Luck

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
