"""Treatment arms that share a control are independent, given the path of the control.

Dunnett CW. *J Am Stat Assoc* 1955;50:1096-121 for one analysis; Magirr D, Jaki T, Whitehead J.
*Biometrika* 2012;99:494-501 for several. At information fraction t the statistic of arm k is

    Z_k(t) = (B_k(t) - sqrt(r) B_0(t)) / sqrt(t (1 + r)),

with independent Brownian motions B and r participants per participant of the control. The integral
over the path of the control has one dimension per analysis, regardless of the number of arms; along
a path each arm has its own recursion.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from scipy.special import ndtr

from estimate.core.arrays import Floats

#: Quadrature nodes of the control per analysis, by the number of analyses.
NODES = {1: 96, 2: 40, 3: 24, 4: 14}

#: Nodes of an arm between its boundaries.
INNER = 28

#: Number of standard deviations at which the integration is truncated.
REACH = 7.5

#: Paths processed together.
AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Arm:
    """Exit probabilities of an arm along each path of the control, shape (path, analysis).

    Attributes
    ----------
    rejects, dropped
        Probabilities of crossing the upper boundary, and of falling below the lower one, first at
        an analysis.
    """

    rejects: Floats
    dropped: Floats


@lru_cache(maxsize=16)
def control_paths(rates: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Return (path, analysis) values of the control's Brownian motion, and (path,) weights."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES[len(rates)])
    steps = np.sqrt(np.diff(rates, prepend=0.0))
    grid = np.array(list(product(nodes, repeat=len(rates))))
    mass = np.array(list(product(weights / weights.sum(), repeat=len(rates)))).prod(1)
    kept = mass > 1e-14
    return np.cumsum(grid[kept] * steps, axis=1), mass[kept] / mass[kept].sum()


def follow_arm(
    rates: Sequence[float],
    upper: Floats,
    lower: Floats,
    ratio: float,
    drift: float = 0.0,
    *,
    two_sided: bool = False,
) -> Arm:
    """Return the exit probabilities of one arm along every path of the control.

    Parameters
    ----------
    upper, lower
        (analysis,) boundaries of Z; an arm that falls below ``lower`` is dropped.
    ratio
        Participants of the arm per participant of the control.
    drift
        Mean of Z at full information.
    two_sided
        Whether Z <= -upper rejects too; then nothing is dropped.
    """
    paths, _ = control_paths(tuple(rates))
    parts = [
        _follow(np.asarray(rates, float), upper, lower, ratio, drift, paths[first:first + AT_ONCE],
                two_sided=two_sided)
        for first in range(0, len(paths), AT_ONCE)
    ]  # fmt: skip
    return Arm(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _follow(
    t: Floats, upper: Floats, lower: Floats, ratio: float, drift: float, control: Floats, *,
    two_sided: bool,
) -> tuple[Floats, Floats]:  # fmt: skip
    scale = np.sqrt(t * (1 + ratio))
    mean = drift * np.sqrt(1 + ratio) * t
    shift = np.sqrt(ratio) * control - mean  # B_k - its mean must exceed z * scale + shift
    high = upper * scale + shift
    low = (-upper if two_sided else lower) * scale + shift
    rejects, dropped = np.empty(control.shape), np.empty(control.shape)
    place: Floats = np.zeros((len(control), 1))
    mass: Floats = np.ones((len(control), 1))
    for k in range(t.size):
        step = np.sqrt(t[k] - (t[k - 1] if k else 0.0))
        above = (mass * ndtr((place - high[:, k, None]) / step)).sum(1)
        below = (mass * ndtr((low[:, k, None] - place) / step)).sum(1)
        rejects[:, k] = above + below if two_sided else above
        dropped[:, k] = 0.0 if two_sided else below
        if k + 1 < t.size:
            place, mass = _carry(place, mass, low[:, k], high[:, k], step, np.sqrt(t[k]))
    return rejects, dropped


@lru_cache(maxsize=1)
def _inner() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(INNER)
    return nodes, weights


def _carry(
    place: Floats, mass: Floats, low: Floats, high: Floats, step: float, sd: float
) -> tuple[Floats, Floats]:
    """Return (path, node) positions between the boundaries and the mass that continues."""
    first = np.clip(low, -REACH * sd, REACH * sd)
    last = np.maximum(np.clip(high, -REACH * sd, REACH * sd), first)
    nodes, weights = _inner()
    half = (last - first)[:, None] / 2
    new = (first + last)[:, None] / 2 + half * nodes
    away = (new[:, :, None] - place[:, None, :]) / step
    density = np.exp(-(away**2) / 2) / (step * np.sqrt(2 * np.pi))
    return new, half * weights * (density * mass[:, None, :]).sum(2)
