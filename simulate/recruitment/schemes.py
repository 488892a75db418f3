"""SCHEMES: every randomisation scheme, the factors that it balances, and its algorithm.

A new scheme is one entry and a line in ``docs/reference/design-file.md``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulate.recruitment.minimisation import minimise
from simulate.recruitment.randomisation import permuted_blocks, simple, stratified

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Levels of a factor, (..., patient) whole numbers from 0, and how many levels there are.
Factor = tuple[Codes, int]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Inputs of a scheme, with patients along the last axis in order of arrival.

    Attributes
    ----------
    uniform
        (..., patient) uniforms on [0, 1), one for each assignment.
    size_uniform
        The same for the sizes of blocks; None if there is one size.
    allocation
        Parts of the arms, control first.
    factors
        Balanced factors; empty for a scheme without factors.
    rounds_of_blocks
        Multiples of the allocation in a block; several sizes are equally likely.
    probability
        Probability of the arm that minimisation prefers.
    """

    uniform: Floats
    size_uniform: Floats | None
    allocation: tuple[int, ...]
    factors: tuple[Factor, ...] = ()
    rounds_of_blocks: tuple[int, ...] = (2,)
    probability: float = 0.8


@dataclass(frozen=True, slots=True)
class Scheme:
    """A randomisation scheme.

    Attributes
    ----------
    name
        Name in design files.
    assign
        Function that assigns an arm to every patient, numbered from 0 (control).
    factors
        Whether it balances factors, which a design must then name.
    blocks
        Where permuted blocks apply: over all patients, within strata, or nowhere.
    preference
        Whether it prefers an arm with a probability set by the design.
    """

    name: str
    assign: Callable[[Arrivals], Codes]
    factors: bool = False
    blocks: Literal["all", "strata"] | None = None
    preference: bool = False


def _blocks(given: Arrivals) -> Codes:
    return permuted_blocks(
        given.uniform,
        given.allocation,
        rounds_of_blocks=given.rounds_of_blocks,
        size_uniform=given.size_uniform,
    )


def _stratified(given: Arrivals) -> Codes:
    place, count = joint_strata(given.factors, given.uniform.shape)
    return stratified(
        given.uniform, place, count, given.allocation,
        rounds_of_blocks=given.rounds_of_blocks, size_uniform=given.size_uniform,
    )  # fmt: skip


def _minimised(given: Arrivals) -> Codes:
    codes, levels = zip(*given.factors, strict=True)
    return minimise(
        given.uniform, codes, levels, probability=given.probability, allocation=given.allocation
    )


_ENTRIES = (
    Scheme("simple", lambda given: simple(given.uniform, given.allocation)),
    Scheme("blocks", _blocks, blocks="all"),
    Scheme("stratified", _stratified, factors=True, blocks="strata"),
    Scheme("minimisation", _minimised, factors=True, preference=True),
)

#: Every scheme by name.
SCHEMES: dict[str, Scheme] = {each.name: each for each in _ENTRIES}


def check_scheme(name: str) -> str:
    """Return the name of a scheme; raise ValueError for another name."""
    if name not in SCHEMES:
        raise ValueError(f"there is no such scheme; choose from {', '.join(SCHEMES)}")
    return name


def joint_strata(factors: Sequence[Factor], shape: tuple[int, ...]) -> Factor:
    """Return each patient's combination of factors, and how many combinations there are."""
    place, count = np.zeros(shape, np.int64), 1
    for codes, levels in factors:
        place, count = place * levels + codes, count * levels
    return place, count
