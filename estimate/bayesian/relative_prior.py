"""A prior of the control risk, and one of the effect given the control risk.

The effect is a log odds ratio or a risk difference with a mixture of normal distributions, among
them point masses where "no effect" is believed possible.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import expit, ndtri

from estimate.bayesian.beta_mixture import BetaMixture, binomial_likelihood
from estimate.bayesian.count_tables import (
    CountTables,
    EffectScale,
    EffectThreshold,
    control_side,
    draw_beta,
    kink,
    pair_products,
    prior_participants,
    ratio,
)
from estimate.bayesian.unit_interval import UnitNodes, unit_nodes
from estimate.core.arrays import Floats, Ints
from estimate.core.numeric.normal_mixture import NormalMixture
from protocol.errors import InputError

#: Probability at each end that the quadrature over an effect neglects.
_LOST = 1e-14

#: Density of a standard normal distribution at 0, inverted.
_ROOT = float(np.sqrt(2 * np.pi))

#: Most elements of one array of likelihoods.
_CHUNK = 4_000_000


@dataclass(frozen=True, slots=True)
class _TreatedNodes:
    """Effects, risks under treatment, complements and weights, (control node, node) each."""

    effect: Floats
    p: Floats
    q: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class RelativePrior:
    """A prior of the control risk, and one of the effect given the control risk.

    Risk differences are restricted to those that are possible at each control risk. Standard
    deviations of the effect are 0 (a point mass) or at least 0.01.
    """

    control: BetaMixture
    effect: NormalMixture
    scale: EffectScale

    def tables(
        self, treated: int, control: int, thresholds: Sequence[EffectThreshold]
    ) -> CountTables:
        """Return the tables for so many participants per arm; see `JointPrior`."""
        nodes = self._nodes(treated, control, thresholds)
        right = control_side(self.control, control, nodes)
        whole, risk, *above = self._treated_side(nodes, treated, thresholds)
        marginal = whole @ right
        treated_mean = ratio(risk @ right, marginal)
        control_mean = ratio((whole * nodes.p) @ right, marginal)
        found = tuple(ratio(table @ right, marginal) for table in above)
        return CountTables(marginal, found, treated_mean - control_mean)

    def _treated_side(
        self,
        nodes: UnitNodes,
        treated: int,
        thresholds: Sequence[EffectThreshold],
        events: Ints | None = None,
    ) -> Floats:
        """Return (sum, events, node): probability, with the risk, and with a larger effect."""
        rows = treated + 1 if events is None else events.size
        sums = np.zeros((nodes.p.size, rows, 2 + len(thresholds)))
        for part, some in self._parts(nodes, treated, thresholds):
            likelihood = binomial_likelihood(treated, some.p, some.q, events).transpose(1, 0, 2)
            over = [self._exceeds(limit, some, nodes.p[part]) for limit in thresholds]
            factors = np.stack([np.ones_like(some.p), some.p, *over], -1)
            sums[part] = likelihood @ (some.weight[..., None] * factors)
        return np.asarray(sums.transpose(2, 1, 0))

    def above_pairs(
        self, sizes: tuple[int, int], threshold: EffectThreshold, treated: Ints, control: Ints
    ) -> Floats:
        """Return posterior probabilities at pairs of counts; see `JointPrior`."""
        nodes = self._nodes(*sizes, [threshold])
        right = control_side(self.control, sizes[1], nodes)
        events, rows = np.unique(treated, return_inverse=True)
        whole, _, above = self._treated_side(nodes, sizes[0], [threshold], events)
        part, all_ = (pair_products(each, right, rows, control) for each in (above, whole))
        return ratio(part, all_)

    def _exceeds(self, limit: EffectThreshold, some: _TreatedNodes, control: Floats) -> Floats:
        """Return 1 where the effect is larger; a point at the limit itself is not."""
        if limit.scale == self.scale:
            return np.asarray(some.effect > limit.value, float)
        return np.asarray(limit.effect(some.p, control[:, None]) > limit.value + 1e-10, float)

    def _nodes(
        self, treated: int, control: int, thresholds: Sequence[EffectThreshold]
    ) -> UnitNodes:
        cuts = [kink(each.value) for each in thresholds if each.scale == "risk difference"]
        size = max(treated, control + prior_participants(self.control)) // 2
        nodes = unit_nodes(size, self.control.exponent, cuts[0] if cuts else None)
        mass = nodes.weight * self.control.density(nodes)
        kept = mass > 1e-25 * mass.max()
        return UnitNodes(nodes.p[kept], nodes.q[kept], nodes.weight[kept])

    def _parts(
        self, nodes: UnitNodes, treated: int, thresholds: Sequence[EffectThreshold]
    ) -> Iterator[tuple[slice, _TreatedNodes]]:
        """Yield nodes of the risk under treatment for parts of the nodes of the control risk."""
        points = self._points(treated, self._cuts(nodes, thresholds))
        number = sum(each.size for each, _ in points) + self.effect.sd_of.size
        step = max(1, _CHUNK // ((treated + 1) * number))
        for start in range(0, nodes.p.size, step):
            part = slice(start, start + step)
            some = UnitNodes(nodes.p[part], nodes.q[part], nodes.weight[part])
            cuts = self._cuts(some, thresholds)
            middle, half = (cuts[1:] + cuts[:-1]) / 2, (cuts[1:] - cuts[:-1]) / 2
            pairs = list(zip(middle, half, points, strict=True))
            effect = np.concatenate([m[:, None] + h[:, None] * x for m, h, (x, _) in pairs], 1)
            weight = np.concatenate([h[:, None] * w for _, h, (_, w) in pairs], 1)
            effect, weight = self._with_points(effect, weight * self._density(effect), some)
            p, q = self._risks(effect, some)
            yield part, _TreatedNodes(effect, p, q, weight / weight.sum(-1, keepdims=True))

    def _points(self, treated: int, cuts: Floats) -> list[tuple[Floats, Floats]]:
        """Return Gauss-Legendre points per panel, fine enough for prior and likelihood."""
        smooth = self.effect.sd_of[self.effect.sd_of > 0]
        unit = 2.0 if self.scale == "odds ratio" else 0.5
        finest = min([unit / np.sqrt(max(treated, 20)), *smooth.tolist()])
        lengths = np.diff(cuts, axis=0).max(1)
        numbers = np.clip(np.pi / 2 * lengths / (0.9 * finest), 12, 900)
        return [
            leggauss(int(number) if length > 0 else 1)
            for number, length in zip(numbers, lengths, strict=True)
        ]

    def _range(self) -> tuple[float, float]:
        """Return the effects between which all but a negligible part of the prior lies."""
        some = (self.effect.sd_of > 0) & (self.effect.weight > _LOST)
        if not some.any():
            return -1.0, 1.0
        reach = -ndtri(_LOST / self.effect.weight[some]) * self.effect.sd_of[some]
        mean = self.effect.mean_of[some]
        return float((mean - reach).min()), float((mean + reach).max())

    def _cuts(self, nodes: UnitNodes, thresholds: Sequence[EffectThreshold]) -> Floats:
        """Return (cut, node) rising limits of the panels: a panel has no jump inside."""
        low, high = (np.full(nodes.p.size, each) for each in self._range())
        if self.scale == "risk difference":
            low, high = np.maximum(low, -nodes.p), np.minimum(high, nodes.q)
        inner = []
        for limit in thresholds:
            if limit.scale == self.scale:
                value = np.full(nodes.p.size, limit.value)
            else:
                p, q = limit.treated_risk(nodes)
                value = _effect_of(self.scale, np.clip(p, 0, 1), np.clip(q, 0, 1), nodes)
            inner.append(np.clip(value, low, high))
        return np.sort(np.stack([low, *inner, high]), axis=0)

    def _density(self, effect: Floats) -> Floats:
        total = np.zeros(effect.shape)
        for weight, mean, sd in zip(
            self.effect.weight, self.effect.mean_of, self.effect.sd_of, strict=True
        ):
            if sd > 0 and weight > _LOST:
                total += weight * np.exp(-0.5 * ((effect - mean) / sd) ** 2) / (sd * _ROOT)
        return total

    def _with_points(
        self, effect: Floats, weight: Floats, nodes: UnitNodes
    ) -> tuple[Floats, Floats]:
        """Add the point masses, where the control risk allows them."""
        at = self.effect.mean_of[self.effect.sd_of == 0]
        mass = self.effect.weight[self.effect.sd_of == 0]
        values = np.broadcast_to(at, (nodes.p.size, at.size))
        masses = np.broadcast_to(mass, values.shape)
        if self.scale == "risk difference":
            possible = (values > -nodes.p[:, None]) & (values < nodes.q[:, None])
            values, masses = np.where(possible, values, 0.0), np.where(possible, masses, 0.0)
        return np.concatenate([effect, values], 1), np.concatenate([weight, masses], 1)

    def _risks(self, effect: Floats, nodes: UnitNodes) -> tuple[Floats, Floats]:
        if self.scale == "risk difference":
            return (np.clip(nodes.p[:, None] + effect, 0, 1),
                    np.clip(nodes.q[:, None] - effect, 0, 1))  # fmt: skip
        log_odds = (np.log(nodes.p) - np.log(nodes.q))[:, None] + effect
        return expit(log_odds), expit(-log_odds)

    def draw(self, random: np.random.Generator, size: int) -> tuple[Floats, Floats]:
        """Return risks (treated, control) drawn from the prior; impossible pairs are redrawn."""
        control, effect = np.empty(0), np.empty(0)
        while control.size < size:
            p = draw_beta(self.control, random, size)
            value = self._draw_effects(random, size)
            fits = np.ones(size, bool)
            while self.scale == "risk difference":  # given the control risk, as in the tables
                fits = (value > -p) & (value < 1 - p)
                if fits.all():
                    break
                value[~fits] = self._draw_effects(random, int((~fits).sum()))
            control, effect = np.append(control, p), np.append(effect, value)
        control, effect = control[:size], effect[:size]
        nodes = UnitNodes(control, 1 - control, np.ones(size))
        return self._risks(effect[:, None], nodes)[0][:, 0], control

    def _draw_effects(self, random: np.random.Generator, size: int) -> Floats:
        kind = random.choice(self.effect.weight.size, size, p=self.effect.weight)
        return np.asarray(random.normal(self.effect.mean_of[kind], self.effect.sd_of[kind]))


def check_effect_prior(effect: NormalMixture) -> None:
    """Refuse an effect whose prior is too narrow to be integrated, unless it is a point."""
    if ((effect.sd_of > 0) & (effect.sd_of < 0.01)).any():
        problem = "a standard deviation of the effect lies between 0 and 0.01"
        raise InputError.of("prior", "sd", problem, "give 0 (a point) or at least 0.01")


def _effect_of(scale: EffectScale, p: Floats, q: Floats, nodes: UnitNodes) -> Floats:
    if scale == "risk difference":
        return p - nodes.p
    with np.errstate(divide="ignore"):
        odds = np.log(p) - np.log(q) - np.log(nodes.p) + np.log(nodes.q)
    return np.asarray(np.clip(odds, -1e3, 1e3))
