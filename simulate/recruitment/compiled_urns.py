"""Compiled kernel for permuted blocks: identical to the numpy code."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Arms = NDArray[np.int64]


@njit(nogil=True, cache=True)
def _fill(streams, place, sizes, ratio, urns, arms):
    replicates, patients = streams.shape
    count = ratio.shape[0]
    for r in range(replicates):
        for i in range(patients):
            urn = urns[r, place[r, i]]
            left = 0
            for arm in range(count):
                left += urn[arm]
            if left == 0:
                for arm in range(count):
                    urn[arm] = ratio[arm] * sizes[r, i]
                    left += urn[arm]
            drawn = streams[r, i] * left
            arm, edge = 0, urn[0]
            while arm < count - 1 and drawn >= edge:
                arm += 1
                edge += urn[arm]
            urn[arm] -= 1
            arms[r, i] = arm


def empty_urns(
    streams: NDArray[np.float64], place: Arms, sizes: Arms, ratio: Arms, strata: int
) -> Arms:
    """Return (replicate, patient) arms; parameters as in `simulate.recruitment.randomisation`."""
    arms = np.empty(streams.shape, np.int64)
    urns = np.zeros((len(streams), strata, len(ratio)), np.int64)
    given = (np.ascontiguousarray(each) for each in (streams, place, sizes, ratio))
    _fill(*given, urns, arms)
    return arms
