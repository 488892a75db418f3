"""Predictability and imbalance of a randomisation.

Arms are along the last axis in order of arrival; leading axes are replicates.
"""

from collections.abc import Sequence
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocol.errors import InputError
from simulate.recruitment.randomisation import check_allocation, check_levels

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def convergence_guess(arms: ArrayLike, allocation: Sequence[int] = (1, 1)) -> Floats:
    """Return the expected correct-guess rate of the convergence strategy.

    Blackwell D, Hodges JL. *Ann Math Stat* 1957;28:449-60: guess the arm furthest below its
    allocation so far; guess at random in case of ties. Permuted blocks of 2b have ``b + (4^b /
    C(2b, b) - 1) / 2`` right guesses in 2b: `block_predictability`.

    Parameters
    ----------
    arms
        (..., patient) arms in order of arrival, as seen by an investigator at one site.

    Examples
    --------
    >>> float(convergence_guess([0, 1, 1, 0]))         # 1/2, right, 1/2, right
    0.75
    """
    ratio = np.asarray(check_allocation(allocation), float)
    given = np.asarray(arms)[..., None] == np.arange(ratio.size)
    before = (np.cumsum(given, axis=-2) - given) / ratio
    behind = before <= before.min(-1, keepdims=True) + 1e-9
    # Random guesses among tied arms are weighted by the allocation.
    chance = behind * ratio
    right = (chance * given).sum(-1) / chance.sum(-1)
    return np.asarray(right.mean(-1))


def block_predictability(block: int) -> float:
    """Return the expected correct-guess rate in two-arm permuted blocks of this size.

    >>> [round(block_predictability(size), 6) for size in (2, 4, 6, 8)]
    [0.75, 0.708333, 0.683333, 0.666071]
    """
    half, odd = divmod(block, 2)
    if block < 2 or odd:
        raise InputError.of(
            "randomisation", "block", f"{block} is odd or below 2", "give 2, 4, ..."
        )
    ways = 1.0
    for i in range(half):  # C(2b, b)
        ways *= (2 * half - i) / (i + 1)
    return (half + (4.0**half / ways - 1) / 2) / (2 * half)


def expected_guesses(control: int, treated: int) -> float:
    """Return the expected correct-guess rate in permuted blocks with given numbers per arm.

    As `convergence_guess`, but summed over all possible blocks.

    >>> print(f"{expected_guesses(2, 2):.6f} {expected_guesses(2, 4):.6f}")
    0.708333 0.692593
    """
    block, right = control + treated, 0.0
    for c, t in np.ndindex(control + 1, treated + 1):
        if c + t == block:
            continue
        chance = comb(control, c) * comb(treated, t) / comb(block, c + t)
        is_treated = (treated - t) / (block - c - t)
        lead = t * control - c * treated
        share = treated / block
        level = is_treated * share + (1 - is_treated) * (1 - share)
        right += chance * (is_treated if lead < 0 else 1 - is_treated if lead else level)
    return right / block


def imbalance(arms: ArrayLike, *, allocation: Sequence[int] = (1, 1)) -> Counts:
    """Return the (..., patient) imbalance after each patient: largest minus smallest share of arms.

    With unequal allocation it is in whole rounds of the allocation, rounded up.
    """
    ratio = np.asarray(check_allocation(allocation), float)
    given = np.asarray(arms)[..., None] == np.arange(ratio.size)
    load = np.cumsum(given, axis=-2) / ratio
    return np.asarray(np.ceil(load.max(-1) - load.min(-1) - 1e-9), np.int64)


def imbalance_within(
    arms: ArrayLike, level: ArrayLike, levels: int, *, allocation: Sequence[int] = (1, 1)
) -> Floats:
    """Return the (..., level) final imbalance among patients of each level of a factor.

    Parameters
    ----------
    level
        (..., patient) whole numbers from 0 to ``levels`` - 1, for example sites.
    """
    ratio = np.asarray(check_allocation(allocation), float)
    arm, place = np.broadcast_arrays(np.asarray(arms), check_levels(level, levels))
    lead, cells = arm.shape[:-1], levels * ratio.size
    code = (place * ratio.size + arm).reshape(-1, arm.shape[-1])
    code += np.arange(len(code))[:, None] * cells
    counts = np.bincount(code.ravel(), minlength=len(code) * cells)
    load = counts.reshape(*lead, levels, ratio.size) / ratio
    return np.asarray(load.max(-1) - load.min(-1))
