"""Quadrature over probabilities: the double exponential rule on intervals of (0, 1).

Takahasi H, Mori M. *Publ RIMS* 1974;9:721-41. Integrands may be infinite at the ends, as beta
densities are; both the probability and its complement keep their relative precision.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import expit

from estimate.core.arrays import Floats

#: Step of the rule relative to the standard deviation of a proportion, at its middle.
_FINENESS = 0.7

#: Decades of e that are kept near 0 and 1: the rest of a beta distribution has less than 1e-15.
_REACH = 36.0


@dataclass(frozen=True, slots=True)
class UnitNodes:
    """Probabilities, their complements, and the weights of the rule, (node,) each."""

    p: Floats
    q: Floats
    weight: Floats


def unit_nodes(participants: int, exponent: float = 1.0, cut: float | None = None) -> UnitNodes:
    """Return nodes that integrate beta densities and binomial likelihoods over (0, 1).

    Parameters
    ----------
    participants
        Binomial likelihoods have at most so many.
    exponent
        Smallest parameter of the beta densities, above 0.
    cut
        A probability at which the integrand may have a kink; others are ignored.

    Examples
    --------
    >>> nodes = unit_nodes(100, exponent=0.5)
    >>> density = nodes.p**-0.5 * nodes.q**-0.5 / np.pi
    >>> print(f"{nodes.weight @ density:.9f}")
    1.000000000
    """
    top = float(np.arcsinh(_REACH / (np.pi * min(exponent, 1.0))))
    step = _FINENESS / (np.pi / 2 * np.sqrt(max(participants, 20)))
    t = np.linspace(-top, top, 2 * int(np.ceil(top / step)) + 1)
    s, width = np.pi * np.sinh(t), (t[1] - t[0]) * np.pi * np.cosh(t)
    low, high = expit(s), expit(-s)
    inner = () if cut is None or not 0 < cut < 1 else (cut,)
    parts = []
    for start, stop in pairwise((0.0, *inner, 1.0)):
        length = stop - start
        parts.append(
            (start + length * low, (1 - stop) + length * high, length * low * high * width)
        )
    p, q, weight = (np.concatenate(each) for each in zip(*parts, strict=True))
    return UnitNodes(p, q, weight)
