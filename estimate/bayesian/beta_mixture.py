"""Mixtures of beta distributions as priors of a risk, their posteriors and effective sample size.

The family is conjugate to binomial data: each component is updated alone, and its weight by how
well it predicted the data, so that a prior in conflict with the data loses weight (dynamic
borrowing). Schmidli H et al. *Biometrics* 2014;70:1023-32.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincc, betaln, gammaln, xlogy

from estimate.bayesian.unit_interval import UnitNodes, unit_nodes
from estimate.core.arrays import Floats, Ints
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class BetaMixture:
    """Weights and parameters of the components, (component,) each.

    ``alpha`` and ``beta`` count events and non-events that a component stands for.

    Examples
    --------
    >>> prior = BetaMixture.of([0.8, 0.2], [4, 1], [16, 1])
    >>> print(f"{prior.mean:.3f} {prior.sd:.4f}")
    0.260 0.1928
    """

    weight: Floats
    alpha: Floats
    beta: Floats

    @classmethod
    def of(cls, weight: ArrayLike, alpha: ArrayLike, beta: ArrayLike) -> "BetaMixture":
        """Make a mixture; weights must sum to 1.

        Raises
        ------
        InputError
            Weights are below 0 or do not sum to 1, or a parameter is not above 0.
        """
        parts = [np.atleast_1d(np.asarray(each, float)) for each in (weight, alpha, beta)]
        weights, first, second = np.broadcast_arrays(*parts)
        finite = all(np.isfinite(each).all() for each in (weights, first, second))
        if not finite or (weights < 0).any() or abs(weights.sum() - 1) > 1e-9:
            problem = "weights are below 0, not finite, or do not sum to 1"
            raise InputError.of("prior", "weights", problem, "give weights that sum to 1")
        if (first <= 0).any() or (second <= 0).any():
            problem = "a parameter of a beta distribution is not above 0"
            raise InputError.of("prior", "alpha and beta", problem, "give numbers above 0")
        return cls(weights, first, second)

    @property
    def mean(self) -> float:
        """Expected risk."""
        return float(self.weight @ (self.alpha / (self.alpha + self.beta)))

    @property
    def sd(self) -> float:
        """Standard deviation of the risk."""
        total = self.alpha + self.beta
        second = self.alpha * (self.alpha + 1) / (total * (total + 1))
        return float(np.sqrt(self.weight @ second - self.mean**2))

    @property
    def exponent(self) -> float:
        """Smallest parameter, which decides how steep the density is at 0 and 1."""
        return float(min(self.alpha.min(), self.beta.min()))

    def density(self, nodes: UnitNodes) -> Floats:
        """Return (node,) densities."""
        return np.asarray(self.weight @ self._component_densities(nodes))

    def _component_densities(self, nodes: UnitNodes) -> Floats:
        a, b = self.alpha[:, None], self.beta[:, None]
        logs = xlogy(a - 1, nodes.p) + xlogy(b - 1, nodes.q) - betaln(a, b)
        return np.asarray(np.exp(logs))

    def probability_above(self, risk: ArrayLike) -> Floats:
        """Return (...) probabilities of a higher risk than each."""
        value = np.clip(np.asarray(risk, float), 0.0, 1.0)[..., None]
        return np.asarray(betaincc(self.alpha, self.beta, value) @ self.weight)

    def quantile(self, probability: float) -> float:
        """Return the risk that is not exceeded with this probability."""
        from estimate.core.numeric.roots import brent_root

        def excess(risk: float) -> float:
            return float(betainc(self.alpha, self.beta, risk) @ self.weight) - probability

        return float(brent_root(excess, 0.0, 1.0))

    def marginals(self, participants: int) -> Floats:
        """Return (component, events) predictive probabilities of 0..n events, with the weights."""
        x = np.arange(participants + 1)
        ways = gammaln(participants + 1) - gammaln(x + 1) - gammaln(participants - x + 1)
        a, b = self.alpha[:, None], self.beta[:, None]
        logs = ways + betaln(a + x, b + participants - x) - betaln(a, b)
        return np.asarray(self.weight[:, None] * np.exp(logs))

    def weights_after(self, participants: int) -> Floats:
        """Return (component, events) posterior weights after 0..n events."""
        joint = self.marginals(participants)
        return np.asarray(joint / joint.sum(0))

    def posterior(self, events: int, participants: int) -> "BetaMixture":
        """Return the posterior after so many events.

        Examples
        --------
        >>> after = BetaMixture.of([0.5, 0.5], [10, 1], [10, 1]).posterior(1, 20)
        >>> [round(float(each), 3) for each in after.weight]
        [0.021, 0.979]
        """
        weight = self.weights_after(participants)[:, events]
        return BetaMixture(weight, self.alpha + events, self.beta + (participants - events))

    def means_after(self, participants: int) -> Floats:
        """Return (events,) posterior means after 0..n events."""
        x = np.arange(participants + 1)
        mean = (self.alpha[:, None] + x) / (self.alpha + self.beta + participants)[:, None]
        return np.asarray((self.weights_after(participants) * mean).sum(0))

    def tails_after(self, participants: int, risk: Floats, complement: Floats) -> Floats:
        """Return (events, risk) joint probabilities of the events and of a higher risk.

        The tail of Beta(a + 1, b - 1) exceeds that of Beta(a, b) by x^a (1 - x)^(b - 1) / (a B(a,
        b)), so that all tails follow from the first by a sum of positive terms.
        """
        x = np.arange(participants)[:, None]
        inside = (risk > 0) & (complement > 0)
        p, q = np.where(inside, risk, 0.5), np.where(inside, complement, 0.5)
        total = np.zeros((participants + 1, risk.size))
        for part, a, b in zip(self.marginals(participants), self.alpha, self.beta, strict=True):
            first = np.where(
                p < 0.5, betaincc(a, b + participants, p), betainc(b + participants, a, q)
            )
            rest = b + participants - x
            logs = (a + x) * np.log(p) + (rest - 1) * np.log(q)
            steps = np.exp(logs - np.log(a + x) - betaln(a + x, rest))
            tails = np.concatenate([first[None], steps]).cumsum(0)
            total += part[:, None] * np.minimum(tails, 1.0)
        whole = self.marginals(participants).sum(0)[:, None]
        return np.asarray(np.where(inside, total, np.where(risk <= 0, whole, 0.0)))

    def mixed_with(self, other: "BetaMixture", weight: float) -> "BetaMixture":
        """Mix with another mixture, which gets this weight."""
        return BetaMixture(
            np.concatenate([(1 - weight) * self.weight, weight * other.weight]),
            np.concatenate([self.alpha, other.alpha]),
            np.concatenate([self.beta, other.beta]),
        )

    def moment_sample_size(self) -> float:
        """Return the effective sample size of the beta distribution with the same mean and SD."""
        return self.mean * (1 - self.mean) / self.sd**2 - 1

    def elir_sample_size(self) -> float | None:
        """Return the expected local-information-ratio effective sample size.

        Neuenschwander B et al. *Biometrics* 2020;76:578-87: the information of the prior divided by
        that of one participant, averaged over the prior; alpha + beta for one beta distribution.
        None where the average is infinite: a component has a parameter below 1.
        """
        if self.weight.size == 1:
            return float(self.alpha[0] + self.beta[0])
        if self.exponent < 1:
            return None
        nodes = unit_nodes(int(2 * (self.alpha + self.beta).max()) + 20)
        p, q = nodes.p, nodes.q
        parts = self.weight[:, None] * self._component_densities(nodes)
        a, b = self.alpha[:, None] - 1, self.beta[:, None] - 1
        slope = a / p - b / q
        bend = slope**2 - a / p**2 - b / q**2
        total = parts.sum(0)
        used = total > 1e-290
        first = (parts * slope).sum(0)[used] / total[used]
        second = (parts * bend).sum(0)[used] / total[used]
        information = (first**2 - second) * p[used] * q[used]
        return float((nodes.weight * total)[used] @ information)


def binomial_likelihood(
    participants: int, p: Floats, q: Floats, events: Ints | None = None
) -> Floats:
    """Return (events, ...) probabilities of 0..n events at risks with their complements.

    ``events`` restricts them to some numbers of events.
    """
    counts = np.arange(participants + 1) if events is None else events
    x = counts.reshape(-1, *(1,) * p.ndim)
    ways = gammaln(participants + 1) - gammaln(x + 1) - gammaln(participants - x + 1)
    if p.min(initial=1.0) <= 0 or q.min(initial=1.0) <= 0:
        return np.asarray(np.exp(ways + xlogy(x, p) + xlogy(participants - x, q)))
    return np.asarray(np.exp(ways + x * np.log(p) + (participants - x) * np.log(q)))


def beta_fit_start(mean: float, sd: float) -> tuple[float, float]:
    """Return the parameters of the beta distribution with this mean and standard deviation."""
    total = mean * (1 - mean) / sd**2 - 1
    return mean * total, (1 - mean) * total
