"""Random numbers of compiled kernels equal those of numpy, bit for bit, at every address."""

import numpy as np
import pytest

from simulate.core import random_streams
from simulate.core.random_streams import CHUNK, RandomStreams, compiled_streams
from simulate.recruitment.minimisation import minimise
from simulate.recruitment.randomisation import stratified


@pytest.mark.parametrize("draw", ["uniform", "normal"])
@pytest.mark.parametrize("width", [None, 1, 3])
@pytest.mark.parametrize(
    "place",
    [
        {"patients": 1},
        {"patients": 569, "replicates": 3, "first": 5},
        {"patients": CHUNK + 5, "replicates": 2, "first_patient": 2 * CHUNK},
    ],
    ids=["one number", "studies", "a later slice"],
)
def test_kernels_draw_the_bits_of_numpy(draw, width, place):
    streams = RandomStreams(7, **place)
    plain = getattr(streams, draw)("purpose", width)
    with compiled_streams(True) as used:
        compiled = getattr(streams, draw)("purpose", width)
    assert used
    assert compiled.shape == plain.shape
    assert compiled.tobytes() == plain.tobytes()


def test_a_million_normals_reach_every_layer_and_the_tail():
    streams = RandomStreams(1, 200_000, replicates=5)
    plain = streams.normal("purpose")
    with compiled_streams(True):
        assert np.array_equal(streams.normal("purpose"), plain)
    assert np.abs(plain).max() > 4


def test_without_numba_numpy_draws(monkeypatch):
    monkeypatch.setattr(random_streams, "find_spec", lambda name: None)
    with compiled_streams(True) as used:
        assert not used
        assert RandomStreams(1, 2).uniform("x").shape == (1, 2)


def test_kernels_that_differ_from_numpy_are_not_used(monkeypatch):
    from simulate.core import compiled_streams as kernels

    monkeypatch.setattr(kernels, "_WIDTH", kernels._WIDTH * (1 + 1e-15))
    assert kernels._agrees()  # a compiled table is a constant: only numpy can change
    monkeypatch.setattr(np.random, "Philox", lambda counter, key: np.random.PCG64(key))
    assert not kernels._agrees()
    monkeypatch.setattr(kernels, "exact", False)
    with compiled_streams(True) as used:
        assert not used


@pytest.mark.parametrize("allocation", [(1, 1), (2, 1), (1, 1, 2)])
def test_compiled_urns_assign_the_arms_of_numpy(allocation):
    streams = RandomStreams(3, 150, replicates=4)
    place = (streams.uniform("place") * 3).astype(int)
    given = (streams.uniform("arm"), place, 4)
    more = {
        "allocation": allocation,
        "rounds_of_blocks": [1, 2],
        "size_uniform": streams.uniform("size"),
    }
    plain = stratified(*given, **more)
    with compiled_streams(True):
        assert np.array_equal(stratified(*given, **more), plain)
    assert len(np.unique(plain)) == len(allocation)


@pytest.mark.parametrize("distance", ["range", "variance"])
@pytest.mark.parametrize("allocation", [(1, 1), (2, 1), (1, 3)])
def test_compiled_minimisation_assigns_the_arms_of_numpy(allocation, distance):
    streams = RandomStreams(3, 300, replicates=4)
    factors = [(streams.uniform(name) * 4).astype(int) for name in ("site", "class")]
    given = (streams.uniform("arm"), factors, [4, 4])
    more = {"allocation": allocation, "distance": distance, "weights": [1.0, 2.5]}
    plain = minimise(*given, **more)
    with compiled_streams(True):
        assert np.array_equal(minimise(*given, **more), plain)
    assert 0 < plain.mean() < 1
