"""Sensitivity of mediation to an unmeasured common cause of mediator and outcome.

Mediation analysis assumes independent errors of mediator and outcome. Here they are latent normal
variables with a correlation rho that is assumed, not estimated: for each rho both models are fitted
together and the effects follow. Imai K, Keele L, Yamamoto T. *Stat Sci* 2010;25:51-71, section 5,
with both variables binary (a recursive bivariate probit model). At rho = 0 it is the ordinary
analysis with probit instead of logit models.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.core.arrays import Floats
from estimate.core.result import Z95
from estimate.imputation.rubins_rules import pool
from estimate.mediation.bivariate_probit import (
    ProbitPair,
    density,
    fit_pair,
    gather,
    minus_loglik,
    normal_pair_cdf,
)
from estimate.mediation.effects import EFFECTS, effects_of
from protocol.errors import InputError

#: Default correlations.
GRID = tuple(np.linspace(-0.8, 0.8, 9).round(1).tolist())

#: Step of numerical derivatives, for columns of unit variance.
STEP = 1e-4


@dataclass(frozen=True, slots=True)
class ErrorCorrelation:
    """Effects under each assumed correlation of errors; arrays are (rho,).

    Attributes
    ----------
    acme, std_error, conf_low, conf_high
        Average indirect effect as a risk difference, with its error by the delta method.
    ade, total
        Direct and total effect.
    vanishes_at
        Smallest absolute value of rho at which the indirect effect is 0; NaN if there is none up to
        the ends of ``rho``.
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
    >>> group = rng.integers(0, 2, 600)
    >>> treated = (rng.random(600) < 0.4 + 0.3 * group).astype(int)
    >>> retrieved = (rng.random(600) < 0.2 + 0.2 * treated).astype(int)
    >>> found = error_correlation(group, treated, retrieved, rho=[0.0, 0.2, 0.4])
    >>> print(f"{found.acme[0]:.3f}, gone at {found.vanishes_at:.2f}")
    0.050, gone at 0.34
    """
    grid = np.asarray(rho, float)
    if grid.ndim != 1 or (np.abs(grid) > 0.95).any() or (np.diff(grid) <= 0).any():
        cure = "list ascending numbers from -0.95 to 0.95"
        raise InputError.of("mediation", "rho", "the correlations are not valid", cure)
    patients = gather(exposure, mediator, outcome, covariates, include, interaction)
    nearest = int(np.abs(grid).argmin())
    start = fit_pair(patients, 0.0, np.zeros(patients.size))
    thetas = np.empty((len(grid), patients.size))
    # Outwards from rho = 0, each starting from the solution of its neighbour.
    for side in (range(nearest, len(grid)), range(nearest - 1, -1, -1)):
        theta = start
        for i in side:
            thetas[i] = theta = fit_pair(patients, grid[i], theta)
    answers = [_at(patients, r, theta) for r, theta in zip(grid, thetas, strict=True)]
    acme, error, ade, total = np.array(answers).T
    gone = _crossing(patients, grid, acme, thetas)
    low, high = acme - Z95 * error, acme + Z95 * error
    return ErrorCorrelation(grid, acme, error, low, high, ade, total, gone)


def pool_correlations(found: Sequence[ErrorCorrelation]) -> ErrorCorrelation:
    """Combine the results of several imputations for each correlation by Rubin's rules.

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


def _risks(patients: ProbitPair, rho: float, theta: Floats) -> tuple[Floats, Floats]:
    """Return mean risks (2, 2) by exposure and exposure of the mediator, and their gradients."""
    risks, slopes = np.empty((2, 2)), np.empty((2, 2, patients.size))
    n, root = len(patients.exposure), np.sqrt(1 - rho**2)
    for b in (0, 1):
        reached = patients.had(b, 0)
        u, first = reached.predict(theta)[0], reached.designs[0]
        for a in (0, 1):
            cases = [patients.had(a, m) for m in (0, 1)]
            v0, v1 = (case.predict(theta)[1] for case in cases)
            gained = normal_pair_cdf(v1, u, rho) - normal_pair_cdf(v0, u, rho)
            risks[a, b] = (special.ndtr(v0) + gained).mean()
            by_u = density(u) * np.subtract(*(special.ndtr((v - rho * u) / root) for v in (v1, v0)))
            by_v0 = density(v0) * special.ndtr((rho * v0 - u) / root)
            by_v1 = density(v1) * special.ndtr((u - rho * v1) / root)
            outcome = by_v0 @ cases[0].designs[1] + by_v1 @ cases[1].designs[1]
            slopes[a, b] = np.concatenate([by_u @ first, outcome]) / n
    return risks, slopes


def _indirect(patients: ProbitPair, rho: float, theta: Floats) -> float:
    return float(effects_of(_risks(patients, rho, theta)[0])[EFFECTS.index("acme")])


def _at(patients: ProbitPair, rho: float, theta: Floats) -> tuple[float, float, float, float]:
    """Return indirect effect, its standard error, direct and total effect."""
    risks, slopes = _risks(patients, rho, theta)
    acme, ade, total = (effects_of(risks)[EFFECTS.index(name)] for name in ("acme", "ade", "total"))
    gradient = (slopes[0, 1] - slopes[0, 0] + slopes[1, 1] - slopes[1, 0]) / 2
    curvature = _slopes(lambda at: minus_loglik(patients, rho, at)[1], theta)
    inverse = np.linalg.pinv((curvature + curvature.T) / 2, hermitian=True) / len(patients.exposure)
    error = np.sqrt(max(0.0, gradient @ inverse @ gradient))
    return float(acme), float(error), float(ade), float(total)


def _slopes(function: Callable[[Floats], Floats], at: Floats) -> Floats:
    """Return central differences of a function, one row per coefficient."""
    moves = STEP * np.eye(len(at))
    return np.stack([(function(at + d) - function(at - d)) / (2 * STEP) for d in moves])


def _crossing(patients: ProbitPair, grid: Floats, acme: Floats, thetas: Floats) -> float:
    """Return the correlation nearest to 0 at which the indirect effect changes sign."""
    from scipy import optimize  # slow to load

    between = np.flatnonzero(np.sign(acme[:-1]) != np.sign(acme[1:]))
    roots = [
        optimize.brentq(
            lambda r, i=i: _indirect(patients, r, fit_pair(patients, r, thetas[i])),
            grid[i], grid[i + 1], xtol=1e-4,
        )
        for i in between
    ]  # fmt: skip
    return float(min(roots, key=abs)) if roots else float("nan")
