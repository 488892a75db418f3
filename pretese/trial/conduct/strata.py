"""Factors of randomisation and analysis, and the strata that they form."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pretese.trial.design.arms import BaselineFactor
from pretese.trial.design.subgroups import Population
from simulate.core.coding import DIAGNOSES
from simulate.recruitment.predictability import imbalance_within
from simulate.recruitment.schemes import Factor, joint_strata

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


class BaselineRecords(Protocol):
    """Participants of trials, arrays of shape (replicate, participant)."""

    @property
    def site(self) -> Codes:
        """Numbers of the sites, from 0."""

    @property
    def diagnosis(self) -> Codes:
        """Codes along `simulate.core.coding.DIAGNOSES`."""

    @property
    def baseline(self) -> Mapping[str, Floats]:
        """BaselineRecords baseline values, NaN where missing."""


class Stratified(Protocol):
    """The parts of a design that concern factors."""

    @property
    def sites(self) -> Sequence[object]:
        """The sites."""

    @property
    def factors(self) -> tuple[BaselineFactor, ...]:
        """Classes of baseline values."""


class Balanced(Stratified, Protocol):
    """The same, with what is balanced."""

    @property
    def balanced(self) -> tuple[str, ...]:
        """Factors whose balance is reported."""

    @property
    def round_of_allocation(self) -> Sequence[int]:
        """Parts of the arms, control first."""


def levels_of_factor(design: Stratified, name: str, who: BaselineRecords) -> Factor:
    """Return the level of each participant in a factor, and the number of levels."""
    if name == "site":
        return who.site, len(design.sites)
    if name == "diagnosis":
        return who.diagnosis, len(DIAGNOSES)
    factor = _defined(design, name)
    return classes_of(who.baseline[factor.variable], factor.cut_points), len(factor.cut_points) + 2


def classes_of(values: Floats, cut_points: Sequence[float]) -> Codes:
    """Return the class of each value, from 0; values that are missing have the last one.

    A value at a cut point belongs to the class below it.

    >>> classes_of(np.array([11.0, 12.0, 12.5, np.nan]), [12.0]).tolist()
    [0, 0, 1, 2]
    """
    found = np.searchsorted(cut_points, values, side="left")
    return np.where(np.isnan(values), len(cut_points) + 1, found).astype(np.int64)


def strata_of(design: Stratified, names: Sequence[str], who: BaselineRecords) -> Factor:
    """Return the stratum of each participant, and the number of strata."""
    return joint_strata([levels_of_factor(design, name, who) for name in names], who.site.shape)


def members(
    population: Population | None, baseline: Mapping[str, Floats], diagnosis: Codes
) -> NDArray[np.bool_]:
    """Return which patients belong to a population by their recorded values (missing: no)."""
    if population is None:
        return np.ones(diagnosis.shape, bool)
    if population.diagnosis:
        return np.isin(diagnosis, [DIAGNOSES.index(each) for each in population.diagnosis])
    value = baseline[population.variable or ""]
    low = -np.inf if population.above is None else population.above
    high = np.inf if population.up_to is None else population.up_to
    return np.asarray((value > low) & (value <= high))


def factor_imbalance(
    design: Balanced, who: BaselineRecords, arm: Codes, participants: int
) -> Floats | None:
    """Return (replicate, factor) the largest imbalance of the arms within a level of each factor.

    It counts in rounds of the allocation, among the first ``participants``; None without factors.
    """
    if not design.balanced:
        return None
    given, found = arm[:, :participants], []
    for name in design.balanced:
        level, count = levels_of_factor(design, name, who)
        within = imbalance_within(
            given, level[:, :participants], count, allocation=design.round_of_allocation
        )
        found.append(np.ceil(within.max(-1) - 1e-9) + 0.0)  # no minus 0
    return np.stack(found, -1)


def _defined(design: Stratified, name: str) -> BaselineFactor:
    return next(each for each in design.factors if each.name == name)
