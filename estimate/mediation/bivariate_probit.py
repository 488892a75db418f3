"""Two probit models with correlated errors, the first variable acting on the second.

A recursive bivariate probit model: mediator given exposure, outcome given both. The correlation is
assumed, not estimated; coefficients maximise the likelihood given it.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.core.arrays import Floats
from protocol.errors import InputError

#: Points of Gauss-Legendre quadrature: error below 1e-6 up to a correlation of 0.95.
POINTS = 24

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(POINTS)


@dataclass(frozen=True, slots=True)
class ProbitPair:
    """One study; ``base`` (n, b) has orthogonal columns of unit mean square, the first constant."""

    exposure: Floats
    mediator: Floats
    outcome: Floats
    base: Floats
    interaction: bool

    @property
    def size(self) -> int:
        """Number of coefficients: of the mediator's model, then of the outcome's."""
        return int(2 * self.base.shape[1] + 3 + self.interaction)

    def predict(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return the two linear predictors, each (n,)."""
        first, second = self.designs
        return first @ theta[: first.shape[1]], second @ theta[first.shape[1] :]

    @property
    def designs(self) -> tuple[Floats, Floats]:
        """Columns of the mediator's and of the outcome's model."""
        a, m = self.exposure, self.mediator
        head = [a, m, a * m] if self.interaction else [a, m]
        return np.column_stack([a, self.base]), np.column_stack([*head, self.base])

    def had(self, exposure: float, mediator: float) -> "ProbitPair":
        """Return the same patients, all with one exposure and one mediator."""
        same = np.ones_like(self.exposure)
        return replace(self, exposure=exposure * same, mediator=mediator * same)


def gather(
    exposure: ArrayLike,
    mediator: ArrayLike,
    outcome: ArrayLike,
    covariates: ArrayLike | None,
    include: ArrayLike | None,
    interaction: bool,
) -> ProbitPair:
    """Return the rows analysed, columns orthogonalised; refuse variables other than 0/1."""
    columns = [np.asarray(v, float) for v in (exposure, mediator, outcome)]
    stay = np.ones(columns[0].shape, bool) if include is None else np.asarray(include, bool)
    columns = [v[stay] for v in columns]
    for name, column in zip(("exposure", "mediator", "outcome"), columns, strict=True):
        if not np.isin(column, (0, 1)).all():
            raise InputError.of("mediation", name, "is not 0/1", "code it 0 and 1")
    n = len(columns[0])
    others = np.empty((n, 0)) if covariates is None else np.asarray(covariates, float)[stay]
    base, _ = np.linalg.qr(np.column_stack([np.ones(n), others]))
    return ProbitPair(columns[0], columns[1], columns[2], base * np.sqrt(n), interaction)


def normal_pair_cdf(h: ArrayLike, k: ArrayLike, rho: float, sign: ArrayLike = 1.0) -> Floats:
    """Return Pr(X <= h, Y <= k) of standard normal variables with correlation ``sign * rho``.

    Plackett's identity, integrated over the arc sine of the correlation. Drezner Z, Wesolowsky GO.
    *J Stat Comput Simul* 1990;35:101-7.

    Parameters
    ----------
    h, k, sign
        (...); ``sign`` holds 1 or -1.

    Examples
    --------
    >>> print(f"{normal_pair_cdf(0, 0, 0.5):.6f}")      # 1/4 + asin(1/2) / (2 pi)
    0.333333
    """
    h, k, sign = (np.asarray(v, float) for v in (h, k, sign))
    half = np.arcsin(rho) / 2
    angle = half * (_NODES + 1)
    variation, product = h**2 + k**2, 2 * sign * h * k
    exponent = (product[..., None] * np.sin(angle) - variation[..., None]) / (
        2 * np.cos(angle) ** 2
    )
    area = sign * (np.exp(exponent) @ _WEIGHTS) * half
    return np.asarray(special.ndtr(h) * special.ndtr(k) + area / (2 * np.pi))


def fit_pair(patients: ProbitPair, rho: float, start: Floats) -> Floats:
    """Return the coefficients that maximise the likelihood given the correlation."""
    from scipy import optimize  # slow to load

    best = optimize.minimize(
        lambda theta: minus_loglik(patients, rho, theta), start, jac=True, method="BFGS",
        options={"gtol": 1e-6},
    )  # fmt: skip
    return np.asarray(best.x)


def minus_loglik(patients: ProbitPair, rho: float, theta: Floats) -> tuple[float, Floats]:
    """Return minus the mean log likelihood, and its gradient."""
    signs = 2 * patients.mediator - 1, 2 * patients.outcome - 1
    u, v = (s * eta for s, eta in zip(signs, patients.predict(theta), strict=True))
    both = signs[0] * signs[1]
    chance = normal_pair_cdf(u, v, rho, both).clip(1e-300)
    r = both * rho
    root = np.sqrt(1 - rho**2)
    slopes = (
        signs[0] * density(u) * special.ndtr((v - r * u) / root) / chance,
        signs[1] * density(v) * special.ndtr((u - r * v) / root) / chance,
    )
    n = len(u)
    gradient = [slope @ X / n for slope, X in zip(slopes, patients.designs, strict=True)]
    return -float(np.log(chance).mean()), -np.concatenate(gradient)


def density(x: Floats) -> Floats:
    """Return the standard normal density."""
    return np.asarray(np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))
