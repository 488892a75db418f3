"""Sample size and power by normal approximation; `exact_fixed` is exact.

Fleiss JL, Levin B, Paik MC. *Statistical Methods for Rates and Proportions*, 3rd ed., 2003,
chapter 4; Farrington CP, Manning G. *Stat Med* 1990;9:1447-54 for margins. Sizes are not rounded:
round up at the end. ``alpha`` is one-sided everywhere; a two-sided 0.05 is ``alpha=0.025``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from estimate.comparison.restricted_risks import Measure, restricted_risks
from estimate.core.arrays import Floats
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class Size:
    """Participants in each arm, not rounded; arrays broadcast like the inputs."""

    arm1: Floats
    arm2: Floats

    @property
    def total(self) -> Floats:
        """Participants in both arms."""
        return self.arm1 + self.arm2

    def with_dropout(self, dropout: float) -> "Size":
        """Return the participants to randomise so that this many remain.

        Parameters
        ----------
        dropout
            Fraction lost, from 0 up to but not including 1.
        """
        if not 0 <= dropout < 1:
            raise _fault("dropout", f"{dropout} is not allowed", "give one from 0 to below 1")
        return Size(self.arm1 / (1 - dropout), self.arm2 / (1 - dropout))


def size_two_proportions(
    p1: ArrayLike,
    p2: ArrayLike,
    *,
    alpha: float = 0.025,
    power: ArrayLike = 0.8,
    allocation: ArrayLike = 1.0,
    null: float | None = None,
    measure: Measure = "risk difference",
    continuity: bool = False,
) -> Size:
    """Return the size of a trial that compares two proportions with the score (pooled z) test.

    Parameters
    ----------
    p1, p2
        Risks under the alternative, 0 to 1 exclusive.
    alpha
        One-sided type I error.
    power
        Probability of rejecting under ``p1, p2``.
    allocation
        Participants in arm 1 per participant in arm 2.
    null
        Value of ``measure`` under the null hypothesis; None means no effect (0 or 1). Below no
        effect it is a non-inferiority margin for ``p1``.
    continuity
        Fleiss's correction, which mimics Fisher's exact test. Without a margin only.

    Examples
    --------
    >>> size = size_two_proportions(0.359, 0.195)          # any sperm, as published
    >>> int(np.ceil(size.arm1))
    116
    """
    _check_risks(p1, p2)
    _check_errors(alpha, power, allocation)
    if continuity and null is not None:
        raise _fault("continuity", "it was given with a margin", "drop one of them")
    p1, p2, ratio = (np.asarray(a, float) for a in (p1, p2, allocation))
    distance, null_var, var = _score_parts(p1, p2, ratio, null, measure)
    if np.any(distance == 0):
        raise _fault("p1", "the alternative lies on the null hypothesis", "move p1 or the margin")
    if null is not None and np.any(distance < 0):
        problem = "the alternative lies beyond the margin"
        raise _fault("null", problem, "give a margin below the effect of p1 and p2")
    z = ndtri(1 - alpha) * np.sqrt(null_var) + ndtri(np.asarray(power, float)) * np.sqrt(var)
    second = (z / distance) ** 2
    if continuity:
        second = (
            second / 4 * (1 + np.sqrt(1 + 2 * (1 + 1 / ratio) / (second * np.abs(distance)))) ** 2
        )
    return Size(second * ratio, second)


def power_two_proportions(
    p1: ArrayLike,
    p2: ArrayLike,
    n1: ArrayLike,
    n2: ArrayLike,
    *,
    alpha: float = 0.025,
    null: float | None = None,
    measure: Measure = "risk difference",
    both_sides: bool = False,
) -> Floats:
    """Return the power of the comparison that `size_two_proportions` sizes.

    Parameters
    ----------
    n1, n2
        Participants per arm.
    both_sides
        Count rejections in the wrong direction too (a two-sided test of level 2 ``alpha``).
    """
    _check_risks(p1, p2)
    p1, p2, n1, n2 = (np.asarray(a, float) for a in (p1, p2, n1, n2))
    distance, null_var, var = _score_parts(p1, p2, n1 / n2, null, measure)
    shift = np.abs(distance) * np.sqrt(n2)
    bar = ndtri(1 - alpha) * np.sqrt(null_var)
    power = ndtr((shift - bar) / np.sqrt(var))
    return np.asarray(power + ndtr((-shift - bar) / np.sqrt(var)) if both_sides else power)


def optimal_allocation(
    p1: float, p2: float, *, alpha: float = 0.025, power: float = 0.8, null: float | None = None
) -> float:
    """Return the allocation ratio (arm 1 to arm 2) with the smallest total sample size."""
    from scipy.optimize import minimize_scalar  # slow to load

    def total(log_ratio: float) -> float:
        ratio = np.exp(log_ratio)
        size = size_two_proportions(p1, p2, alpha=alpha, power=power, allocation=ratio, null=null)
        return float(size.total)

    best = minimize_scalar(total, bracket=(-0.5, 0.5), tol=1e-10)
    return float(np.exp(best.x))


def size_one_proportion(p0: float, p1: float, *, alpha: float = 0.025, power: float = 0.8) -> float:
    """Return the size of a single-arm trial that tests the risk ``p0`` (normal approximation)."""
    _check_risks(p0, p1)
    _check_errors(alpha, power, 1.0)
    if p0 == p1:
        raise _fault("p1", "the alternative lies on the null hypothesis", "move p1")
    sd = ndtri(1 - alpha) * np.sqrt(p0 * (1 - p0)) + ndtri(power) * np.sqrt(p1 * (1 - p1))
    return float((sd / (p1 - p0)) ** 2)


def size_two_means(
    difference: float,
    sd1: float,
    sd2: float,
    *,
    alpha: float = 0.025,
    power: float = 0.8,
    allocation: float = 1.0,
) -> Size:
    """Return the size of a z comparison of two means with standard deviations ``sd1``, ``sd2``."""
    _check_errors(alpha, power, allocation)
    if difference == 0:
        raise _fault("difference", "it is 0", "give the difference to be found")
    z = ndtri(1 - alpha) + ndtri(power)
    second = np.asarray(z**2 * (sd1**2 / allocation + sd2**2) / difference**2)
    return Size(second * allocation, second)


def _score_parts(
    p1: Floats, p2: Floats, ratio: Floats, null: float | None, measure: Measure
) -> tuple[Floats, Floats, Floats]:
    """Return distance from the null, and n2 times its variance under null and alternative."""
    value = (0.0 if measure == "risk difference" else 1.0) if null is None else null
    r1, r2 = restricted_risks(p1, p2, ratio, 1.0, value, measure)
    if measure == "odds ratio":
        log_odds = np.log(p1 / (1 - p1)) - np.log(p2 / (1 - p2)) - np.log(value)
        return (
            log_odds,
            1 / (ratio * r1 * (1 - r1)) + 1 / (r2 * (1 - r2)),
            1 / (ratio * p1 * (1 - p1)) + 1 / (p2 * (1 - p2)),
        )
    scale = value if measure == "risk ratio" else 1.0
    shift = 0.0 if measure == "risk ratio" else value
    return (
        np.asarray(p1 - scale * p2 - shift),
        r1 * (1 - r1) / ratio + scale**2 * r2 * (1 - r2),
        np.asarray(p1 * (1 - p1) / ratio + scale**2 * p2 * (1 - p2)),
    )


def _check_risks(*risks: ArrayLike) -> None:
    for risk in risks:
        values = np.asarray(risk, float)
        if not ((values > 0) & (values < 1)).all():
            raise _fault("risk", f"{values} is not allowed", "give risks between 0 and 1")


def _check_errors(alpha: float, power: ArrayLike, allocation: ArrayLike) -> None:
    if not 0 < alpha < 0.5:
        raise _fault("alpha", f"{alpha} is not allowed", "give a one-sided error from 0 to 0.5")
    values = np.asarray(power, float)
    if not ((values > alpha) & (values < 1)).all():
        raise _fault("power", f"{values} is not allowed", "give one between alpha and 1")
    if not (np.asarray(allocation, float) > 0).all():
        raise _fault("allocation", f"{allocation!r} leaves an arm empty", "give a ratio above 0")


def _fault(field: str, problem: str, cure: str) -> InputError:
    return InputError.of("size", field, problem, cure)
