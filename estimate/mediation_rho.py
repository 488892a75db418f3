"""What if something unmeasured drives both mediator and outcome: indirect effects by its strength.

Mediation analysis takes the errors of mediator and outcome as unrelated. Here they are latent
normal variables with a correlation rho that is supposed, not estimated: for each rho both models
are fitted together and the effects follow. Imai K, Keele L, Yamamoto T. *Stat Sci* 2010;25:51-71,
section 5, with both variables binary (a recursive bivariate probit model). At rho = 0 it is the
ordinary analysis with probit instead of logit models.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from estimate.arrays import Floats
from estimate.mediation_effects import EFFECTS, effects_of
from estimate.pool import pool
from estimate.result import Z95
from protocol.errors import InputError

#: Correlations tried unless others are named.
GRID = tuple(np.linspace(-0.8, 0.8, 9).round(1).tolist())

#: Points of Gauss-Legendre quadrature: error below 1e-6 up to a correlation of 0.95.
POINTS = 24

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(POINTS)

#: Step of numerical derivatives, for columns of unit variance.
STEP = 1e-4


@dataclass(frozen=True, slots=True)
class ErrorCorrelation:
    """Effects under each supposed correlation of errors; arrays are (rho,).

    Attributes
    ----------
    acme, std_error, conf_low, conf_high
        Average indirect effect as a risk difference, with its error by the delta method.
    ade, total
        Direct and total effect.
    vanishes_at
        Smallest |rho| at which the indirect effect is 0; NaN if none up to the ends of ``rho``.
    """

    rho: Floats
    acme: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats
    ade: Floats
    total: Floats
    vanishes_at: float


def error_correlation(
    exposure: ArrayLike,
    mediator: ArrayLike,
    outcome: ArrayLike,
    *,
    covariates: ArrayLike | None = None,
    include: ArrayLike | None = None,
    interaction: bool = False,
    rho: Sequence[float] = GRID,
) -> ErrorCorrelation:
    """Return mediation effects for each correlation of the errors of mediator and outcome.

    Parameters
    ----------
    exposure, mediator, outcome
        (n,) of 0/1: one study.
    covariates
        (n, c), without intercept.
    include
        (n,) who is analysed; None is everybody.
    interaction
        Whether the mediator may act differently in the exposed.
    rho
        Between -0.95 and 0.95, in ascending order.

    Raises
    ------
    InputError
        If a variable is not 0/1, or a correlation is out of range or out of order.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> exposed = rng.integers(0, 2, 600)
    >>> treated = (rng.random(600) < 0.4 + 0.3 * exposed).astype(int)
    >>> retrieved = (rng.random(600) < 0.2 + 0.2 * treated).astype(int)
    >>> found = error_correlation(exposed, treated, retrieved, rho=[0.0, 0.2, 0.4])
    >>> print(f"{found.acme[0]:.3f}, gone at {found.vanishes_at:.2f}")
    0.050, gone at 0.34
    """
    grid = np.asarray(rho, float)
    if grid.ndim != 1 or (np.abs(grid) > 0.95).any() or (np.diff(grid) <= 0).any():
        cure = "list ascending numbers from -0.95 to 0.95"
        raise InputError.of("mediation", "rho", "the correlations are not usable", cure)
    men = _gather(exposure, mediator, outcome, covariates, include, interaction)
    nearest = int(np.abs(grid).argmin())
    start = _fit(men, 0.0, np.zeros(men.size))
    thetas = np.empty((len(grid), men.size))
    # Outwards from rho = 0, each from the answer of its neighbour.
    for side in (range(nearest, len(grid)), range(nearest - 1, -1, -1)):
        theta = start
        for i in side:
            thetas[i] = theta = _fit(men, grid[i], theta)
    answers = [_at(men, r, theta) for r, theta in zip(grid, thetas, strict=True)]
    acme, error, ade, total = np.array(answers).T
    gone = _crossing(men, grid, acme, thetas)
    low, high = acme - Z95 * error, acme + Z95 * error
    return ErrorCorrelation(grid, acme, error, low, high, ade, total, gone)


def pool_correlations(found: Sequence[ErrorCorrelation]) -> ErrorCorrelation:
    """Combine those of several imputations, correlation by correlation, by Rubin's rules.

    ``vanishes_at`` is their mean; NaN unless all have one.
    """
    if len(found) == 1:
        return found[0]
    acme, error, ade, total = (
        np.stack([getattr(each, name) for each in found], -1)
        for name in ("acme", "std_error", "ade", "total")
    )
    pooled = pool(acme, error**2)
    return ErrorCorrelation(
        found[0].rho,
        pooled.estimate,
        pooled.std_error,
        pooled.conf_low,
        pooled.conf_high,
        ade.mean(-1),
        total.mean(-1),
        float(np.mean([each.vanishes_at for each in found])),
    )


@dataclass(frozen=True, slots=True)
class _Men:
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

    def had(self, exposure: float, mediator: float) -> "_Men":
        """Return the same men, all with one exposure and one mediator."""
        same = np.ones_like(self.exposure)
        return replace(self, exposure=exposure * same, mediator=mediator * same)


def _gather(
    exposure: ArrayLike,
    mediator: ArrayLike,
    outcome: ArrayLike,
    covariates: ArrayLike | None,
    include: ArrayLike | None,
    interaction: bool,
) -> _Men:
    columns = [np.asarray(v, float) for v in (exposure, mediator, outcome)]
    stay = np.ones(columns[0].shape, bool) if include is None else np.asarray(include, bool)
    columns = [v[stay] for v in columns]
    for name, column in zip(("exposure", "mediator", "outcome"), columns, strict=True):
        if not np.isin(column, (0, 1)).all():
            raise InputError.of("mediation", name, "is not 0/1", "code it 0 and 1")
    n = len(columns[0])
    others = np.empty((n, 0)) if covariates is None else np.asarray(covariates, float)[stay]
    base, _ = np.linalg.qr(np.column_stack([np.ones(n), others]))
    return _Men(columns[0], columns[1], columns[2], base * np.sqrt(n), interaction)


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
    spread, product = h**2 + k**2, 2 * sign * h * k
    exponent = (product[..., None] * np.sin(angle) - spread[..., None]) / (2 * np.cos(angle) ** 2)
    area = sign * (np.exp(exponent) @ _WEIGHTS) * half
    return np.asarray(special.ndtr(h) * special.ndtr(k) + area / (2 * np.pi))


def _fit(men: _Men, rho: float, start: Floats) -> Floats:
    """Return the coefficients that maximise the likelihood given the correlation."""
    best = optimize.minimize(
        lambda theta: _minus_loglik(men, rho, theta), start, jac=True, method="BFGS",
        options={"gtol": 1e-6},
    )  # fmt: skip
    return np.asarray(best.x)


def _minus_loglik(men: _Men, rho: float, theta: Floats) -> tuple[float, Floats]:
    """Return minus the mean log likelihood, and its gradient."""
    signs = 2 * men.mediator - 1, 2 * men.outcome - 1
    u, v = (s * eta for s, eta in zip(signs, men.predict(theta), strict=True))
    both = signs[0] * signs[1]
    chance = normal_pair_cdf(u, v, rho, both).clip(1e-300)
    r = both * rho
    root = np.sqrt(1 - rho**2)
    slopes = (
        signs[0] * _density(u) * special.ndtr((v - r * u) / root) / chance,
        signs[1] * _density(v) * special.ndtr((u - r * v) / root) / chance,
    )
    n = len(u)
    gradient = [slope @ X / n for slope, X in zip(slopes, men.designs, strict=True)]
    return -float(np.log(chance).mean()), -np.concatenate(gradient)


def _density(x: Floats) -> Floats:
    return np.asarray(np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))


def _risks(men: _Men, rho: float, theta: Floats) -> tuple[Floats, Floats]:
    """Return mean risks (2, 2) by exposure and exposure of the mediator, and their gradients."""
    risks, slopes = np.empty((2, 2)), np.empty((2, 2, men.size))
    n, root = len(men.exposure), np.sqrt(1 - rho**2)
    for b in (0, 1):
        reached = men.had(b, 0)
        u, first = reached.predict(theta)[0], reached.designs[0]
        for a in (0, 1):
            cases = [men.had(a, m) for m in (0, 1)]
            v0, v1 = (case.predict(theta)[1] for case in cases)
            gained = normal_pair_cdf(v1, u, rho) - normal_pair_cdf(v0, u, rho)
            risks[a, b] = (special.ndtr(v0) + gained).mean()
            by_u = _density(u) * np.subtract(
                *(special.ndtr((v - rho * u) / root) for v in (v1, v0))
            )
            by_v0 = _density(v0) * special.ndtr((rho * v0 - u) / root)
            by_v1 = _density(v1) * special.ndtr((u - rho * v1) / root)
            outcome = by_v0 @ cases[0].designs[1] + by_v1 @ cases[1].designs[1]
            slopes[a, b] = np.concatenate([by_u @ first, outcome]) / n
    return risks, slopes


def _indirect(men: _Men, rho: float, theta: Floats) -> float:
    return float(effects_of(_risks(men, rho, theta)[0])[EFFECTS.index("acme")])


def _at(men: _Men, rho: float, theta: Floats) -> tuple[float, float, float, float]:
    """Return indirect effect, its standard error, direct and total effect."""
    risks, slopes = _risks(men, rho, theta)
    acme, ade, total = (effects_of(risks)[EFFECTS.index(name)] for name in ("acme", "ade", "total"))
    gradient = (slopes[0, 1] - slopes[0, 0] + slopes[1, 1] - slopes[1, 0]) / 2
    curvature = _slopes(lambda at: _minus_loglik(men, rho, at)[1], theta)
    inverse = np.linalg.pinv((curvature + curvature.T) / 2, hermitian=True) / len(men.exposure)
    error = np.sqrt(max(0.0, gradient @ inverse @ gradient))
    return float(acme), float(error), float(ade), float(total)


def _slopes(function: Callable[[Floats], Floats], at: Floats) -> Floats:
    """Return central differences of a function, one row per coefficient."""
    moves = STEP * np.eye(len(at))
    return np.stack([(function(at + d) - function(at - d)) / (2 * STEP) for d in moves])


def _crossing(men: _Men, grid: Floats, acme: Floats, thetas: Floats) -> float:
    """Return the correlation nearest to 0 at which the indirect effect changes sign."""
    between = np.flatnonzero(np.sign(acme[:-1]) != np.sign(acme[1:]))
    roots = [
        optimize.brentq(
            lambda r, i=i: _indirect(men, r, _fit(men, r, thetas[i])),
            grid[i], grid[i + 1], xtol=1e-4,
        )
        for i in between
    ]  # fmt: skip
    return float(min(roots, key=abs)) if roots else float("nan")
