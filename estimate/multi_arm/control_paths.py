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


@dataclass(frozen=True, slots=True)
class LastAnalysis:
    """An arm that has come to its last analysis, along each path of the control.

    Attributes
    ----------
    earlier
        (path,) probabilities of a rejection at an earlier analysis.
    place, mass
        (path, node) positions of the arm's Brownian motion at the analysis before, with the
        probability of having reached them.
    shift
        (path,) part of the boundary that the control adds.
    scale, step
        Factor of a boundary of z, and standard deviation of the last step.
    """

    earlier: Floats
    place: Floats
    mass: Floats
    shift: Floats
    scale: float
    step: float
    two_sided: bool

    def exits(self, upper: float, lower: float) -> tuple[Floats, Floats]:
        """Return the (path,) probabilities of rejecting and of being dropped at this analysis."""
        high, low = upper * self.scale + self.shift, lower * self.scale + self.shift
        above = (self.mass * ndtr((self.place - high[:, None]) / self.step)).sum(1)
        below = (self.mass * ndtr((low[:, None] - self.place) / self.step)).sum(1)
        return (above + below, np.zeros_like(below)) if self.two_sided else (above, below)

    def rejects(self, upper: float) -> Floats:
        """Return the (path,) probabilities of a rejection at this analysis or before."""
        lower = -upper if self.two_sided else -np.inf
        return self.earlier + self.exits(upper, lower)[0]


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
    parts = [
        _walk(rates, upper, lower, ratio, drift, control, two_sided=two_sided)
        for control in _portions(rates)
    ]
    return Arm(*(np.concatenate([each[n] for each in parts]) for n in (0, 1)))


def before_last(
    rates: Sequence[float],
    upper: Sequence[float],
    lower: Sequence[float],
    ratio: float,
    *,
    two_sided: bool = False,
) -> LastAnalysis:
    """Return an arm without effect at its last analysis, along every path of the control.

    Parameters
    ----------
    upper, lower
        Boundaries of Z at the earlier analyses; further ones of ``lower`` are not used.
    """
    earlier = len(rates) - 1
    high, low = np.asarray(upper, float)[:earlier], np.asarray(lower, float)[:earlier]
    parts = [
        _walk(rates, high, low, ratio, 0.0, control, two_sided=two_sided)
        for control in _portions(rates)
    ]
    last = [each[2] for each in parts]
    joined = {
        name: np.concatenate([getattr(each, name) for each in last])
        for name in ("earlier", "place", "mass", "shift")
    }
    return LastAnalysis(
        **joined, scale=last[0].scale, step=last[0].step, two_sided=last[0].two_sided
    )


def _portions(rates: Sequence[float]) -> list[Floats]:
    """Return the paths of the control in portions that fit the memory."""
    paths, _ = control_paths(tuple(rates))
    return [paths[first : first + AT_ONCE] for first in range(0, len(paths), AT_ONCE)]


def _walk(
    rates: Sequence[float], upper: Floats, lower: Floats, ratio: float, drift: float,
    control: Floats, *, two_sided: bool,
) -> tuple[Floats, Floats, LastAnalysis]:  # fmt: skip
    """Return (path, analysis) exits at the analyses with boundaries, and the state at the last."""
    t = np.asarray(rates, float)
    scale = np.sqrt(t * (1 + ratio))
    # An arm's motion without its mean must exceed z * scale + shift.
    shift = np.sqrt(ratio) * control - drift * np.sqrt(1 + ratio) * t
    step = np.sqrt(np.diff(t, prepend=0.0))
    rejects = np.zeros((len(control), len(upper)))
    dropped = np.zeros_like(rejects)
    place: Floats = np.zeros((len(control), 1))
    mass: Floats = np.ones((len(control), 1))
    for k in range(t.size):
        earlier = rejects[:, :k].sum(1)
        state = LastAnalysis(
            earlier, place, mass, shift[:, k], float(scale[k]), float(step[k]), two_sided
        )
        if k == len(upper):
            break
        low = -upper[k] if two_sided else lower[k]
        rejects[:, k], dropped[:, k] = state.exits(upper[k], low)
        if k + 1 < t.size:
            ends = low * scale[k] + shift[:, k], upper[k] * scale[k] + shift[:, k]
            place, mass = _carry(place, mass, *ends, step[k], np.sqrt(t[k]))
    return rejects, dropped, state


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
