"""Meta-analytic-predictive prior of a risk from the counts of earlier studies.

Log odds of the studies vary normally; their mean has a wide normal prior and their standard
deviation a half-normal one. The predictive distribution of a new study is computed by quadrature
and fitted by a mixture of beta distributions. Neuenschwander B et al. *Clin Trials* 2010;7:5-18.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.polynomial.legendre import leggauss
from scipy.interpolate import CubicSpline
from scipy.special import digamma, gammaln, log_expit, polygamma, xlogy

from estimate.bayesian.beta_mixture import BetaMixture, beta_fit_start
from estimate.bayesian.unit_interval import UnitNodes, unit_nodes
from estimate.core.arrays import Floats
from protocol.errors import InputError

#: Points over the standard deviation between studies; half width of the grid over their mean.
_TAUS, _HALF_WIDTH = 40, 6.0

#: Standard deviations over which the log odds of one study are integrated.
_REACH = 8.3

#: Points and weights of the standard normal distribution, and its normalising constant.
_NORMAL_POINTS, _NORMAL_WEIGHTS = hermegauss(21)
_NORMAL_WEIGHTS /= _NORMAL_WEIGHTS.sum()
_ROOT = float(np.sqrt(2 * np.pi))

#: Steps of the EM algorithm, and the change of the log likelihood at which it ends.
_EM_STEPS, _EM_TOLERANCE = 1500, 1e-9


@dataclass(frozen=True, slots=True)
class RiskHistory:
    """The predictive distribution of a risk in a new study.

    Attributes
    ----------
    nodes, density
        Where it was computed, and its density.
    mixture
        The beta mixture fitted to it.
    largest_gap
        Greatest difference between both distribution functions.
    """

    nodes: UnitNodes
    density: Floats
    mixture: BetaMixture
    largest_gap: float

    @property
    def mean(self) -> float:
        """Expected risk."""
        return float((self.nodes.weight * self.density) @ self.nodes.p)

    @property
    def sd(self) -> float:
        """Standard deviation of the risk."""
        second = float((self.nodes.weight * self.density) @ self.nodes.p**2)
        return float(np.sqrt(second - self.mean**2))


def risk_history(
    events: Sequence[int],
    participants: Sequence[int],
    *,
    tau_scale: float = 1.0,
    mean_sd: float = 2.0,
    components: int = 3,
) -> RiskHistory:
    """Return the predictive distribution of the risk in a new study.

    Parameters
    ----------
    events, participants
        Counts of each earlier study.
    tau_scale
        Scale of the half-normal prior of the standard deviation between studies, log odds.
    mean_sd
        Standard deviation of the normal prior of the mean log odds, about 0 (a risk of a half).
    components
        Beta distributions of the fitted mixture.

    Raises
    ------
    InputError
        There is no study, or counts cannot be.
    """
    r, n = np.asarray(events, float), np.asarray(participants, float)
    if r.size == 0 or r.shape != n.shape or (r < 0).any() or (r > n).any() or (n < 1).any():
        problem = "the counts of earlier studies are missing or impossible"
        raise InputError.of("prior", "studies", problem, "give events and participants of each")
    means, taus, weights = _posterior(r, n, tau_scale, mean_sd)
    nodes = unit_nodes(int(4 * n.sum()) + 400)
    density = _predictive_density(nodes, means, taus, weights)
    mixture = fit_beta_mixture(nodes, density, components)
    return RiskHistory(nodes, density, mixture, _largest_gap(nodes, density, mixture))


def _posterior(
    r: Floats, n: Floats, tau_scale: float, mean_sd: float
) -> tuple[Floats, Floats, Floats]:
    """Return means, standard deviations between studies, and (tau, mean) posterior weights."""
    points, point_weights = leggauss(_TAUS)
    taus = 5.5 * tau_scale / 2 * (1 + points)
    means, spacing = _mean_grid(r, n)
    finest = 2 / np.sqrt(n.max())  # smallest SD of the log odds in a study
    best = xlogy(r, r / n) + xlogy(n - r, 1 - r / n)
    logs = np.empty((_TAUS, means.size))
    for k, tau in enumerate(taus):
        z = np.linspace(-_REACH, _REACH, int(np.clip(2 * _REACH * tau / (0.6 * finest), 41, 4001)))
        at = means[:, None] + tau * z
        yes, no = log_expit(at), log_expit(-at)
        normal = np.exp(-0.5 * z**2)
        with np.errstate(divide="ignore"):
            logs[k] = sum(
                np.log(np.exp(ri * yes + (ni - ri) * no - top) @ normal * (z[1] - z[0]))
                for top, ri, ni in zip(best, r, n, strict=True)
            )
    logs += np.log(spacing) - 0.5 * (means / mean_sd) ** 2
    logs += (np.log(point_weights) - 0.5 * (taus / tau_scale) ** 2)[:, None]
    weights = np.exp(logs - logs.max())
    return means, taus, weights / weights.sum()


def _mean_grid(r: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Return mean log odds, close to each other near the pooled value, and their spacing."""
    yes, no = r.sum() + 0.5, n.sum() - r.sum() + 0.5
    scale = 4 * float(np.sqrt(1 / yes + 1 / no))
    reach = np.arcsinh(_HALF_WIDTH / scale)
    u = np.linspace(-reach, reach, 2 * int(np.ceil(reach / 0.15)) + 1)
    return np.log(yes / no) + scale * np.sinh(u), scale * np.cosh(u) * (u[1] - u[0])


def _predictive_density(nodes: UnitNodes, means: Floats, taus: Floats, weights: Floats) -> Floats:
    """Return (node,) densities: normal log odds about a mean that is itself uncertain."""
    log_odds = np.log(nodes.p) - np.log(nodes.q)
    spacing = np.gradient(means)
    finest = float(spacing.min())
    density = np.zeros(log_odds.size)
    for tau, row in zip(taus, weights, strict=True):
        used = np.flatnonzero(row > 1e-13 * row.max())
        low, high = means[max(used[0] - 1, 0)], means[min(used[-1] + 1, means.size - 1)]
        spline = CubicSpline(means, np.log(np.maximum(row, 1e-300) / spacing))
        if tau < finest:  # the uncertainty of the mean is wider: average over the studies
            at = log_odds[:, None] - tau * _NORMAL_POINTS
            inside = (at > low) & (at < high)
            density += np.where(inside, np.exp(spline(np.clip(at, low, high))), 0) @ _NORMAL_WEIGHTS
            continue
        fine = np.linspace(low, high, int((high - low) / min(0.7 * tau, finest)) + 3)
        normal = np.exp(-0.5 * ((log_odds[:, None] - fine) / tau) ** 2) / (tau * _ROOT)
        density += normal @ np.exp(spline(fine)) * (fine[1] - fine[0])
    density /= nodes.p * nodes.q
    return np.asarray(density / (nodes.weight @ density))


def fit_beta_mixture(nodes: UnitNodes, density: Floats, components: int) -> BetaMixture:
    """Fit a beta mixture to a density by the EM algorithm, which maximises its likelihood.

    The start are components of several widths about the mean; the result does not depend on random
    numbers. Parameters stay at 1 or above, so that the density is finite and has an expected local
    information (`BetaMixture.elir_sample_size`).
    """
    mass = nodes.weight * density
    kept = mass > 1e-14
    mass, p, q = mass[kept] / mass[kept].sum(), nodes.p[kept], nodes.q[kept]
    logs = np.stack([np.log(p), np.log(q)])
    mixture = _start(mass, p, components)
    before = -np.inf
    for _ in range(_EM_STEPS):
        parts = mixture.weight[:, None] * np.exp(
            (mixture.alpha[:, None] - 1) * logs[0] + (mixture.beta[:, None] - 1) * logs[1]
            - _log_beta(mixture.alpha, mixture.beta)[:, None]
        )  # fmt: skip
        total = parts.sum(0)
        likelihood = float(mass @ np.log(total))
        share = mass * parts / total
        weight = share.sum(1)
        mean_logs = share @ logs.T / weight[:, None]
        alpha, beta = _beta_of_logs(mean_logs, mixture.alpha, mixture.beta)
        alpha, beta = np.maximum(alpha, 1.0), np.maximum(beta, 1.0)
        mixture = BetaMixture(weight / weight.sum(), alpha, beta)
        if likelihood - before < _EM_TOLERANCE:
            break
        before = likelihood
    order = np.argsort(-mixture.weight, kind="stable")
    return BetaMixture(mixture.weight[order], mixture.alpha[order], mixture.beta[order])


def _start(mass: Floats, p: Floats, components: int) -> BetaMixture:
    """Return components about the whole distribution, the first narrow, the last wide."""
    mean = float(mass @ p)
    sd = float(np.sqrt(mass @ (p - mean) ** 2))
    largest = 0.9 * np.sqrt(mean * (1 - mean))
    spread = np.minimum(sd * np.geomspace(0.5, 1.6, components), largest)
    pairs = np.array([beta_fit_start(mean, float(each)) for each in spread])
    return BetaMixture.of(np.full(components, 1 / components), pairs[:, 0], pairs[:, 1])


def _beta_of_logs(mean_logs: Floats, alpha: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """Return the beta distributions with these means of log p and log (1 - p), by Newton steps."""
    a, b = alpha.copy(), beta.copy()
    for _ in range(4):
        joint = polygamma(1, a + b)
        first = digamma(a) - digamma(a + b) - mean_logs[:, 0]
        second = digamma(b) - digamma(a + b) - mean_logs[:, 1]
        aa, bb = polygamma(1, a) - joint, polygamma(1, b) - joint
        determinant = aa * bb - joint**2
        a = np.maximum(a - (bb * first + joint * second) / determinant, a / 3)
        b = np.maximum(b - (joint * first + aa * second) / determinant, b / 3)
    return a, b


def _log_beta(a: Floats, b: Floats) -> Floats:
    return np.asarray(gammaln(a) + gammaln(b) - gammaln(a + b))


def _largest_gap(nodes: UnitNodes, density: Floats, mixture: BetaMixture) -> float:
    exact = np.cumsum(nodes.weight * (density - mixture.density(nodes)))
    return float(np.abs(exact).max())
