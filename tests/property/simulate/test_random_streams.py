from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulate.core.random_streams import CHUNK, RandomStreams

seeds = st.integers(0, 2**32)


@given(seeds, st.integers(1, 40), st.integers(1, 40), st.sampled_from(["uniform", "normal"]))
def test_a_larger_cohort_begins_with_the_smaller_one(seed, few, more, kind):
    small = getattr(RandomStreams(seed, patients=few), kind)("choice")
    large = getattr(RandomStreams(seed, patients=few + more), kind)("choice")
    assert np.array_equal(small, large[:, :few])


@given(seeds, st.integers(0, 50), st.integers(1, 5))
def test_a_replicate_is_the_same_wherever_its_block_begins(seed, first, before):
    alone = RandomStreams(seed, patients=7, first=first + before).normal("baseline", width=3)
    inside = RandomStreams(seed, patients=7, replicates=before + 2, first=first).normal(
        "baseline", width=3
    )
    assert np.array_equal(alone[0], inside[before])


def test_patients_beyond_a_chunk_keep_their_numbers():
    small = RandomStreams(3, patients=CHUNK + 5).uniform("x")
    large = RandomStreams(3, patients=2 * CHUNK + 5).uniform("x")
    assert np.array_equal(small, large[:, : CHUNK + 5])
    assert len(np.unique(large)) == large.size


@given(seeds, st.integers(0, 3), st.integers(1, 9), st.sampled_from([None, 3]))
@settings(max_examples=10)
def test_slices_of_patients_laid_end_to_end_are_the_whole(seed, chunks, more, width):
    first_patient = chunks * CHUNK
    whole = RandomStreams(seed, patients=first_patient + more, replicates=2, first=5).normal(
        "x", width
    )
    ends = [0, *range(CHUNK, first_patient + 1, CHUNK), first_patient + more]
    slices = [
        RandomStreams(
            seed, patients=end - begin, replicates=2, first=5, first_patient=begin
        ).normal("x", width)
        for begin, end in pairwise(ends)
    ]
    assert np.array_equal(np.concatenate(slices, axis=1), whole)


@pytest.mark.parametrize("first_patient", [-CHUNK, 1, CHUNK - 1, CHUNK + 1])
def test_a_slice_must_begin_where_a_chunk_does(first_patient):
    with pytest.raises(ValueError, match="multiple of 8192"):
        RandomStreams(1, patients=1, first_patient=first_patient)


def test_purposes_replicates_seeds_and_chunks_are_unrelated():
    patients = CHUNK
    first = RandomStreams(1, patients=2 * patients, replicates=2).normal("a")
    columns = [
        first[0, :patients],
        first[0, patients:],
        first[1, :patients],
        RandomStreams(1, patients=patients).normal("b")[0],
        RandomStreams(2, patients=patients).normal("a")[0],
    ]
    correlation = np.corrcoef(columns)
    assert np.abs(correlation - np.eye(5)).max() < 4 / np.sqrt(patients)


def test_the_numbers_have_their_distributions():
    streams = RandomStreams(5, patients=20_000)
    assert stats.kstest(streams.uniform("u")[0], "uniform").pvalue > 0.001
    assert stats.kstest(streams.normal("n")[0], "norm").pvalue > 0.001


@pytest.mark.parametrize("bad", [{"seed": -1}, {"patients": 0}, {"replicates": 0}, {"first": -1}])
def test_nonsense_sizes_are_refused(bad):
    with pytest.raises(ValueError, match="must be 0 or greater"):
        RandomStreams(**({"seed": 1, "patients": 1} | bad))
