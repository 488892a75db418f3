"""Pocock-Simon minimisation with a random element.

Pocock SJ, Simon R. *Biometrics* 1975;31:103-15. For unequal allocation counts are divided by their
parts, and the probabilities are those of Han B, Enas NH, McEntegart D. *Stat Med* 2009;28:3329-46,
without which the allocation ratio is not preserved. Patients are processed sequentially, replicates
in parallel.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocol.errors import InputError
from simulate.core.random_streams import uses_compiled_streams
from simulate.recruitment.randomisation import check_allocation, check_levels

Floats = NDArray[np.float64]
Arms = NDArray[np.int64]

#: Measure of imbalance of a factor: range or variance over arms.
Distance = Literal["range", "variance"]


def minimise(
    uniform: ArrayLike,
    factors: Sequence[ArrayLike],
    levels: Sequence[int],
    *,
    probability: float = 0.8,
    weights: Sequence[float] | None = None,
    allocation: Sequence[int] = (1, 1),
    distance: Distance = "range",
) -> Arms:
    """Randomise patients sequentially so that the arms stay balanced in every factor.

    For each arm the imbalance that would follow is summed over the factors, among patients who
    share the newcomer's level. The arm with the smallest imbalance is preferred; tied arms are
    preferred with probabilities proportional to their allocation.

    Parameters
    ----------
    uniform
        (..., patient) uniforms on [0, 1).
    factors
        Factors such as site and diagnosis, each (..., patient) whole numbers from 0.
    levels
        Number of levels of each factor.
    probability
        Probability of the preferred arm for the arm with the smallest allocation, above its
        allocation fraction; 1 is deterministic except for ties, and predictable. Arms with larger
        allocation get 1 - (1 - probability) times the allocation of the other arms over that of the
        others of the smallest.
    weights
        Importance of each factor; None is 1 for all.
    allocation
        Parts of the arms, control first.
    distance
        ``range`` or ``variance``; with two arms they rank alike for a single factor.

    Returns
    -------
    arms
        (..., patient), numbered from 0.

    Examples
    --------
    The second patient at a site gets the other arm:

    >>> minimise([0.7, 0.0, 0.2, 0.9], [[0, 0, 1, 1]], [2], probability=1.0)
    array([1, 0, 0, 1])
    """
    ratio = np.asarray(check_allocation(allocation), float)
    share = _check_weights(factors, levels, weights)
    if not ratio.min() / ratio.sum() < probability <= 1:
        problem = f"{probability} is not allowed"
        cure = f"give one above {ratio.min() / ratio.sum():.3g}, at most 1"
        raise InputError.of("randomisation", "probability", problem, cure)
    if distance not in get_args(Distance):
        problem = f"{distance!r} is not known"
        raise InputError.of("randomisation", "distance", problem, "give 'range' or 'variance'")
    checked = [check_levels(f, n) for f, n in zip(factors, levels, strict=True)]
    streams, *places = np.broadcast_arrays(np.asarray(uniform, float), *checked)
    flat = streams.reshape(-1, streams.shape[-1])
    # Counters of all levels of all factors in one row.
    offsets = np.concatenate([[0], np.cumsum(levels)[:-1]])
    place = np.stack([p.reshape(flat.shape) for p in places], -1) + offsets
    return _assign(flat, place, int(np.sum(levels)), share, ratio, probability, distance).reshape(
        streams.shape
    )


def _assign(
    streams: Floats,
    place: Arms,
    cells: int,
    weights: Floats,
    ratio: Floats,
    probability: float,
    distance: Distance,
) -> Arms:
    preferences = _preferences(ratio, probability) * ratio[:, None]
    if ratio.size == 2 and uses_compiled_streams():
        from simulate.recruitment.compiled_minimisation import two_arms  # loads numba

        squared = distance == "variance"
        return two_arms(streams, place, cells, weights, ratio, preferences, squared=squared)
    replicates, patients = streams.shape
    load = np.zeros((replicates, cells, ratio.size))  # patients over parts
    rows, arms = np.arange(replicates), np.empty((replicates, patients), np.int64)
    for i in range(patients):
        at = place[:, i]
        total = _imbalances(load[rows[:, None], at], weights, ratio, distance)
        best = total <= total.min(1, keepdims=True) + 1e-9
        chance = (best @ preferences) / (best @ ratio)[:, None]
        arm = (streams[:, i, None] >= chance.cumsum(1)[:, :-1]).sum(1)
        load[rows[:, None], at, arm[:, None]] += 1 / ratio[arm][:, None]
        arms[:, i] = arm
    return arms


def _imbalances(load: Floats, weights: Floats, ratio: Floats, distance: Distance) -> Floats:
    """Return the imbalance (replicate, arm) after joining; load is (replicate, factor, arm)."""
    if ratio.size == 2:  # with two arms the difference suffices
        lead = load[..., 1] - load[..., 0]
        after = np.stack([lead - 1 / ratio[0], lead + 1 / ratio[1]], 1)
        return np.asarray((np.abs(after) if distance == "range" else after**2 / 4) @ weights)
    after = load[:, None] + (np.eye(ratio.size) / ratio)[:, None, :]
    imbalance_range = after.max(-1) - after.min(-1) if distance == "range" else after.var(-1)
    return np.asarray(imbalance_range @ weights)


def _preferences(ratio: Floats, probability: float) -> Floats:
    """Return (preferred arm, arm) probabilities, which average to the allocation."""
    rivals = ratio.sum() - ratio
    best = 1 - rivals / rivals.max() * (1 - probability)
    chance = (1 - best)[:, None] * ratio / rivals[:, None]
    np.fill_diagonal(chance, best)
    return np.asarray(chance)


def _check_weights(
    factors: Sequence[ArrayLike], levels: Sequence[int], weights: Sequence[float] | None
) -> Floats:
    given = np.ones(len(factors)) if weights is None else np.asarray(weights, float)
    if len(factors) == 0 or len(levels) != len(factors) or given.shape != (len(factors),):
        problem = (
            f"{len(factors)} factors, {len(levels)} level counts, {given.size} weights were given"
        )
        raise InputError.of("randomisation", "factors", problem, "give one of each per factor")
    if (given < 0).any() or given.sum() <= 0:
        raise InputError.of(
            "randomisation",
            "weights",
            f"{given.tolist()} is not allowed",
            "give none below 0, not all 0",
        )
    return given
