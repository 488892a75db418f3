"""Thresholds of an effect, tables of counts, and what a prior of two risks can do."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

import numpy as np
from scipy.special import expit

from estimate.bayesian.beta_mixture import BetaMixture, binomial_likelihood
from estimate.bayesian.unit_interval import UnitNodes
from estimate.core.arrays import Floats, Ints
from estimate.core.numeric.roots import brent_root

EffectScale = Literal["risk difference", "odds ratio"]


@dataclass(frozen=True, slots=True)
class EffectThreshold:
    """A value of the effect: a risk difference, or a log odds ratio."""

    scale: EffectScale
    value: float

    def treated_risk(self, nodes: UnitNodes) -> tuple[Floats, Floats]:
        """Return (node,) risks under treatment at which the effect is this one, and complements."""
        if self.scale == "risk difference":
            return nodes.p + self.value, nodes.q - self.value
        log_odds = np.log(nodes.p) - np.log(nodes.q) + self.value
        return expit(log_odds), expit(-log_odds)

    def effect(self, treated: Floats, control: Floats) -> Floats:
        """Return effects on the scale of the threshold."""
        if self.scale == "risk difference":
            return treated - control
        with np.errstate(divide="ignore"):
            odds = np.log(treated) - np.log1p(-treated) - np.log(control) + np.log1p(-control)
        return np.asarray(odds)


@dataclass(frozen=True, slots=True)
class CountTables:
    """Predictive and posterior probabilities for every pair of counts.

    Attributes
    ----------
    marginal
        (treated events, control events) prior predictive probabilities.
    above
        The same shape, one per threshold: posterior probability of a larger effect.
    difference
        The same shape: posterior mean of the risk difference.
    """

    marginal: Floats
    above: tuple[Floats, ...]
    difference: Floats


class JointPrior(Protocol):
    """Interface of a prior of both risks."""

    def tables(
        self, treated: int, control: int, thresholds: Sequence[EffectThreshold]
    ) -> CountTables:
        """Return the tables for so many participants per arm."""
        ...

    def above_pairs(
        self, sizes: tuple[int, int], threshold: EffectThreshold, treated: Ints, control: Ints
    ) -> Floats:
        """Return (pair,) posterior probabilities of a larger effect at pairs of counts.

        ``sizes`` are the participants of the treated and of the control arm.
        """
        ...

    def draw(self, random: np.random.Generator, size: int) -> tuple[Floats, Floats]:
        """Return risks (treated, control) drawn from the prior."""
        ...


def control_side(control: BetaMixture, participants: int, nodes: UnitNodes) -> Floats:
    """Return (node, events) joint probabilities of the control risk and its events."""
    mass = nodes.weight * control.density(nodes)
    return np.asarray(mass[:, None] * binomial_likelihood(participants, nodes.p, nodes.q).T)


def kink(difference: float) -> float | None:
    """Return the control risk at which this difference leads out of 0 to 1."""
    return None if difference == 0 else (1 - difference if difference > 0 else -difference)


def prior_participants(prior: BetaMixture) -> int:
    """Return how many participants the heaviest component stands for."""
    return int((prior.alpha + prior.beta).max())


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return a share of the predictive probabilities; 0 where they underflow."""
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 1e-290)


def draw_beta(prior: BetaMixture, random: np.random.Generator, size: int) -> Floats:
    """Return risks drawn from a mixture."""
    kind = random.choice(prior.weight.size, size, p=prior.weight)
    return np.asarray(random.beta(prior.alpha[kind], prior.beta[kind]))


def pair_products(left: Floats, right: Floats, rows: Ints, columns: Ints) -> Floats:
    """Return (pair,) elements of a matrix product at pairs of a row and a column."""
    found = np.empty(rows.size)
    for start in range(0, rows.size, 2000):
        part = slice(start, start + 2000)
        found[part] = (left[rows[part]] * right.T[columns[part]]).sum(1)
    return found


def difference_quantiles(
    prior: JointPrior,
    sizes: tuple[int, int],
    events: tuple[int, int],
    probabilities: Sequence[float],
) -> list[float]:
    """Return posterior quantiles of the risk difference, to 0.01 points.

    Parameters
    ----------
    sizes, events
        Participants and events of the treated and of the control arm.
    """
    rows, columns = (np.array([each]) for each in events)

    def excess(probability: float, value: float) -> float:
        limit = EffectThreshold("risk difference", value)
        return 1 - float(prior.above_pairs(sizes, limit, rows, columns)[0]) - probability

    ends = (-1 + 1e-9, 1 - 1e-9)
    return [brent_root(partial(excess, each), *ends, xtol=1e-4) for each in probabilities]
