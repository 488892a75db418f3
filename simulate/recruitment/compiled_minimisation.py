"""Compiled kernel for minimisation with two arms: identical to the numpy code."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Arms = NDArray[np.int64]


@njit(nogil=True, cache=True)
def _fill(streams, place, lead, weights, ratio, preferences, squared, arms):
    replicates, patients = streams.shape
    factors = weights.shape[0]
    down, up = 1.0 / ratio[0], 1.0 / ratio[1]
    for r in range(replicates):
        for i in range(patients):
            without, with_ = 0.0, 0.0
            for f in range(factors):
                now = lead[r, place[r, i, f]]
                a, b = now - down, now + up
                if squared:
                    without += a * a / 4 * weights[f]
                    with_ += b * b / 4 * weights[f]
                else:
                    without += abs(a) * weights[f]
                    with_ += abs(b) * weights[f]
            smallest = min(without, with_) + 1e-9
            chance, total = 0.0, 0.0
            if without <= smallest:
                chance += preferences[0, 0]
                total += ratio[0]
            if with_ <= smallest:
                chance += preferences[1, 0]
                total += ratio[1]
            arm = 1 if streams[r, i] >= chance / total else 0
            change = up if arm == 1 else -down
            for f in range(factors):
                lead[r, place[r, i, f]] += change
            arms[r, i] = arm


def two_arms(
    streams: Floats,
    place: Arms,
    cells: int,
    weights: Floats,
    ratio: Floats,
    preferences: Floats,
    *,
    squared: bool,
) -> Arms:
    """Return (replicate, patient) arms; parameters as in `simulate.recruitment.minimisation`."""
    arms = np.empty(streams.shape, np.int64)
    lead = np.zeros((len(streams), cells))
    given = (np.ascontiguousarray(each) for each in (streams, place))
    _fill(*given, lead, weights, ratio, preferences, squared, arms)
    return arms
