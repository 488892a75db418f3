"""Risks of two arms estimated under a null hypothesis, for score tests with a margin.

Farrington CP, Manning G. *Stat Med* 1990;9:1447-54; Miettinen O, Nurminen M. *Stat Med*
1985;4:213-26. Both print closed solutions, used here: a cubic for differences, quadratics for
ratios and odds ratios. All arguments broadcast; risks are 0 to 1.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats

Measure = Literal["risk difference", "risk ratio", "odds ratio"]


def restricted_risks(
    p1: ArrayLike, p2: ArrayLike, n1: ArrayLike, n2: ArrayLike, null: ArrayLike, measure: Measure
) -> tuple[Floats, Floats]:
    """Return the maximum-likelihood risks of both arms among those that obey the null.

    Parameters
    ----------
    p1, p2
        Observed (or assumed) risks of arm 1 and arm 2.
    n1, n2
        Patients per arm; only their ratio matters, so an allocation ratio will do.
    null
        Value under the null of p1 - p2, p1 / p2, or odds 1 / odds 2.

    Examples
    --------
    Without a margin it is the pooled risk.

    >>> a, b = restricted_risks(0.55, 0.40, 100, 100, 0.0, "risk difference")
    >>> round(float(a), 3), round(float(b), 3)
    (0.475, 0.475)
    """
    p1, p2, n1, n2, null = np.broadcast_arrays(
        *(np.asarray(a, float) for a in (p1, p2, n1, n2, null))
    )
    match measure:
        case "risk difference":
            second = _difference(p1, p2, n2 / n1, null)
            return np.clip(second + null, 0.0, 1.0), second
        case "risk ratio":
            second = _ratio(p1, p2, n2 / n1, null)
            return np.clip(second * null, 0.0, 1.0), second
        case "odds ratio":
            (first, _), (second, _) = restricted_odds(p1, p2, n1, n2, null)
            return first, second


def _difference(p1: Floats, p2: Floats, ratio: Floats, null: Floats) -> Floats:
    """Solve the cubic for the risk of arm 2 (Farrington and Manning 1990, appendix).

    The appendix solves for arm 1; arms and the sign of the margin are exchanged here.
    """
    a = 1 + 1 / ratio
    b = -(1 + 1 / ratio + p2 + p1 / ratio - null * (1 / ratio + 2))
    c = null**2 - null * (2 * p2 + 1 / ratio + 1) + p2 + p1 / ratio
    d = p2 * null * (1 - null)
    v = b * b * b / (27 * a**3) - b * c / (6 * a**2) + d / (2 * a)
    u = np.where(v < 0, -1.0, 1.0) * np.sqrt(np.maximum(b**2 / (9 * a**2) - c / (3 * a), 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = np.where(u == 0, 0.0, v / (u * u * u))
    w = (np.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    root = 2 * u * np.cos(w) - b / (3 * a)
    return np.asarray(np.clip(root, np.maximum(0, -null), np.minimum(1, 1 - null)))


def _ratio(p1: Floats, p2: Floats, ratio: Floats, null: Floats) -> Floats:
    """Solve the quadratic for the risk of arm 2 (Farrington and Manning 1990, appendix)."""
    a = null * (1 + ratio)
    b = -(null * (1 + ratio * p2) + ratio + p1)
    c = p1 + ratio * p2
    root = 2 * c / (-b + np.sqrt(np.maximum(b**2 - 4 * a * c, 0)))
    with np.errstate(divide="ignore"):
        return np.asarray(np.clip(root, 0, np.minimum(1.0, 1 / null)))


def restricted_odds(
    p1: ArrayLike, p2: ArrayLike, n1: ArrayLike, n2: ArrayLike, null: ArrayLike
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return (risk, 1 - risk) of both arms, fitted to an odds ratio above 0.

    Each keeps full relative precision near 0, which limits of tables with a full or an empty arm
    need. Arguments as in `restricted_risks`.
    """
    p1, p2, n1, n2, null = np.broadcast_arrays(
        *(np.asarray(a, float) for a in (p1, p2, n1, n2, null))
    )
    swap = null < 1  # the arms, so that the odds ratio is 1 or more
    a, b = np.where(swap, p2, p1), np.where(swap, p1, p2)
    ratio, odds = np.where(swap, n1 / n2, n2 / n1), np.where(swap, 1 / null, null)
    low, rest = _lower_odds(a, b, ratio, odds), _lower_odds(1 - b, 1 - a, 1 / ratio, odds)
    higher = (low * odds / (1 + low * (odds - 1)), rest)
    lower = (low, rest * odds / (1 + rest * (odds - 1)))
    first, second = (
        (np.where(swap, y[0], x[0]), np.where(swap, y[1], x[1]))
        for x, y in ((higher, lower), (lower, higher))
    )
    return first, second


def _lower_odds(p1: Floats, p2: Floats, ratio: Floats, null: Floats) -> Floats:
    """Solve the quadratic for the risk of arm 2 (Miettinen and Nurminen 1985, equation 13).

    ``null`` is 1 or more: then no root loses digits by subtraction.
    """
    a = ratio * (null - 1)
    b = null + ratio - (p1 + ratio * p2) * (null - 1)
    c = -(p1 + ratio * p2)
    root = np.sqrt(b * b - 4 * a * c)
    with np.errstate(divide="ignore", invalid="ignore"):
        risk = np.where(b > 0, -2 * c / (b + root), (root - b) / (2 * a))
    return np.asarray(np.clip(risk, 0, 1))
