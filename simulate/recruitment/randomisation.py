"""Randomisation: simple, permuted block, stratified.

All functions take uniform numbers, one per patient, so that designs can use common random numbers.
Arms are numbered from 0 (control). Patients are along the last axis in order of arrival; leading
axes are replicates.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocol.errors import InputError
from simulate.core.random_streams import uses_compiled_streams

Floats = NDArray[np.float64]
Arms = NDArray[np.int64]


def check_allocation(allocation: Sequence[int]) -> tuple[int, ...]:
    """Return allocation as whole numbers, for example (1, 2); 0 means an arm without patients."""
    ratio = tuple(int(part) for part in allocation)
    if len(ratio) < 2 or min(ratio) < 1 or ratio != tuple(allocation):
        problem = f"{tuple(allocation)} is not allowed"
        raise InputError.of(
            "randomisation", "allocation", problem, "give two or more whole numbers from 1"
        )
    return ratio


def simple(uniform: ArrayLike, allocation: Sequence[int] = (1, 1)) -> Arms:
    """Randomise each patient independently.

    Parameters
    ----------
    uniform
        (..., patient) uniforms on [0, 1).
    allocation
        Parts of the arms, control first.

    Examples
    --------
    >>> simple([0.1, 0.6, 0.4], (1, 2))
    array([0, 1, 1])
    """
    ratio = np.asarray(check_allocation(allocation), float)
    edges = np.cumsum(ratio)[:-1] / ratio.sum()
    return np.searchsorted(edges, np.asarray(uniform, float), side="right").astype(np.int64)


def permuted_blocks(
    uniform: ArrayLike,
    allocation: Sequence[int] = (1, 1),
    *,
    rounds_of_blocks: Sequence[int] = (2,),
    size_uniform: ArrayLike | None = None,
) -> Arms:
    """Randomise in permuted blocks in which every arm has its exact allocation.

    Each patient draws from an urn with the rest of the block, so that earlier arms do not depend on
    later patients.

    Parameters
    ----------
    uniform
        (..., patient) uniforms on [0, 1).
    allocation
        Parts of the arms, control first.
    rounds_of_blocks
        A block holds each part this many times: 2 with (1, 1) is a block of 4. Several make the
        size of each block random, all equally likely.
    size_uniform
        (..., patient) uniforms; that of the first patient of a block chooses its size. Needed if
        there are several sizes.

    Examples
    --------
    >>> permuted_blocks([0.9, 0.1, 0.3, 0.5, 0.2, 0.8])
    array([1, 0, 0, 1, 0, 1])
    """
    alone = np.zeros(np.shape(uniform), np.int64)
    return stratified(
        uniform, alone, 1, allocation, rounds_of_blocks=rounds_of_blocks, size_uniform=size_uniform
    )


def stratified(
    uniform: ArrayLike,
    stratum: ArrayLike,
    strata: int,
    allocation: Sequence[int] = (1, 1),
    *,
    rounds_of_blocks: Sequence[int] = (2,),
    size_uniform: ArrayLike | None = None,
) -> Arms:
    """Fill permuted blocks separately in every stratum, in order of arrival.

    Parameters
    ----------
    uniform
        (..., patient) uniforms on [0, 1).
    stratum
        (..., patient) whole numbers from 0 to ``strata`` - 1. A stratum may stay without patients.
    allocation, rounds_of_blocks, size_uniform
        As in `permuted_blocks`.

    Examples
    --------
    >>> stratified([0.9, 0.1, 0.3, 0.6, 0.2, 0.8], [0, 1, 0, 1, 1, 0], 2, rounds_of_blocks=[1])
    array([1, 0, 0, 1, 0, 1])
    """
    ratio = np.asarray(check_allocation(allocation))
    choices = _check_rounds(rounds_of_blocks)
    if choices.size > 1 and size_uniform is None:
        problem = "several block sizes were given without uniform numbers to choose among them"
        raise InputError.of(
            "randomisation", "size_uniform", problem, "pass uniforms, one per patient"
        )
    extra = 0.0 if size_uniform is None else size_uniform
    streams, place, size_uniform = np.broadcast_arrays(
        np.asarray(uniform, float), check_levels(stratum, strata), np.asarray(extra, float)
    )
    shape, patients = streams.shape, streams.shape[-1]
    sizes = choices[(size_uniform.reshape(-1, patients) * choices.size).astype(np.int64)]
    arms = _empty_urns(
        streams.reshape(-1, patients), place.reshape(-1, patients), sizes, ratio, strata
    )
    return arms.reshape(shape)


def check_levels(level: ArrayLike, levels: int) -> Arms:
    """Return (..., patient) levels of a factor; raise if some are not 0 to ``levels`` - 1."""
    values = np.asarray(level)
    whole = np.issubdtype(values.dtype, np.integer)
    if levels < 1 or not whole or values.min(initial=0) < 0 or values.max(initial=0) >= levels:
        problem = f"some are not whole numbers from 0 to {levels - 1}"
        raise InputError.of("randomisation", "stratum", problem, "number the strata from 0")
    return values.astype(np.int64)


def _empty_urns(streams: Floats, place: Arms, sizes: Arms, ratio: Arms, strata: int) -> Arms:
    """Draw each patient's arm from the urn of the stratum; an empty urn gets a new block."""
    if uses_compiled_streams():
        from simulate.recruitment.compiled_urns import empty_urns  # loads numba

        return empty_urns(streams, place, sizes, ratio, strata)
    replicates, patients = streams.shape
    urns = np.zeros((replicates, strata, ratio.size), np.int64)
    rows, arms = np.arange(replicates), np.empty((replicates, patients), np.int64)
    for i in range(patients):
        urn = urns[rows, place[:, i]]
        fresh = urn.sum(1) == 0
        urn[fresh] = ratio * sizes[fresh, i, None]
        edges = urn.cumsum(1)
        drawn = streams[:, i] * edges[:, -1]
        arms[:, i] = (drawn[:, None] >= edges).sum(1)
        urn[rows, arms[:, i]] -= 1
        urns[rows, place[:, i]] = urn
    return arms


def _check_rounds(rounds_of_blocks: Sequence[int]) -> Arms:
    if (
        len(rounds_of_blocks) == 0
        or min(rounds_of_blocks) < 1
        or any(int(r) != r for r in rounds_of_blocks)
    ):
        problem = f"{tuple(rounds_of_blocks)} is not allowed"
        raise InputError.of(
            "randomisation", "rounds_of_blocks", problem, "give whole numbers from 1"
        )
    return np.asarray([int(r) for r in rounds_of_blocks], np.int64)
