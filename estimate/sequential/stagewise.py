"""Median-unbiased drifts and final confidence intervals of many sequential trials.

The order of outcomes is that of `interim_inference.analyse_final`: an earlier upward stop is more
favourable, then a higher Z at the same analysis, and an earlier downward stop less favourable
(Fairbanks K, Madsen R. *Biometrika* 1982;69:69-74; Tsiatis AA, Rosner GL, Mehta CR. *Biometrics*
1984;40:797-803; JT section 8.4). The probability of an outcome at least as favourable increases
with the drift, so that its quantiles give confidence limits for the drift, and the drift at which
it is one half is median-unbiased. Among trials that end at the same analysis a limit is a smooth
rising function of their Z. It is solved for on a grid and interpolated by a spline; the grid
doubles until the spline meets solutions halfway between its knots.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import BSpline, make_interp_spline
from scipy.optimize.elementwise import find_root
from scipy.special import ndtri

from estimate.core.arrays import Floats
from estimate.sequential.design import SequentialDesign
from estimate.sequential.recursion import Running, carry_on, start, upper_exit
from protocol.errors import InputError

#: Statistics that share a spline: 20 standard deviations, those around 0 first. Likelihood ratios
#: of drifts much further apart leave the range of double precision.
SPAN = 20.0

#: Knots of the first grid of a spline.
FIRST_GRID = 65

#: Distance of spline and solution, in drift, at which the grid is fine enough.
CLOSE = 1e-8

#: Statistics solved for together; limits memory.
AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class OrderedDrifts:
    """Estimates and limits of the drift theta * sqrt(I_K), each of shape (...).

    Attributes
    ----------
    median_unbiased
        Median-unbiased for any drift.
    low, high
        Limits of the final interval.
    """

    median_unbiased: Floats
    low: Floats
    high: Floats


def order_stagewise(
    design: SequentialDesign, analysis: ArrayLike, z: ArrayLike, *, level: float = 0.95
) -> OrderedDrifts:
    """Return median-unbiased drifts and final intervals of trials that ended.

    Futility boundaries that do not bind are ignored, as they are for alpha: the results are valid
    if they are overruled. In trials that follow them, estimate and limits are conservative for
    treatment: too low more often, and too high less often than nominal. ``replace(design,
    binding=True)`` treats them as followed.

    Parameters
    ----------
    analysis
        (...) last analysis taken, counted from 1.
    z
        (...) statistic there; NaN gives NaN.
    level
        Coverage of the two-sided interval.

    Examples
    --------
    >>> from estimate.sequential.boundaries import plan_sequential
    >>> from estimate.sequential.spending import Spending
    >>> design = plan_sequential([0.5, 1], Spending("Pocock"))
    >>> found = order_stagewise(design, [1, 2], [2.2, 2.2])
    >>> found.median_unbiased.round(3), found.low.round(3)        # naive: 3.111 and 2.2
    (array([3.111, 2.103]), array([ 0.339, -0.001]))
    """
    analyses, values = np.broadcast_arrays(np.asarray(analysis), np.asarray(z, float))
    _check(design, analyses, level)
    found = np.full((*values.shape, 3), np.nan)
    for k in np.unique(analyses):
        here = (analyses == k) & np.isfinite(values)
        if here.any():
            found[here] = _limits(design, int(k), values[here], float(level))
    return OrderedDrifts(found[..., 0], found[..., 1], found[..., 2])


def _limits(design: SequentialDesign, analysis: int, z: Floats, level: float) -> Floats:
    """Return (trial, limit) drifts of trials that end at one analysis."""
    if analysis == 1:
        rate = design.information_rates[0]
        return np.asarray((z[:, None] + ndtri(_probabilities(level))) / np.sqrt(rate))
    found, span = np.empty((z.size, 3)), np.round(z / SPAN)
    for place in np.unique(span):
        here = span == place
        found[here] = _spline(design, analysis, float(place), level)(z[here])
    return found


def _probabilities(level: float) -> Floats:
    """Return the probabilities of an outcome as favourable at the estimate and either limit."""
    return np.array([0.5, (1 - level) / 2, (1 + level) / 2])


@lru_cache(maxsize=128)
def _spline(design: SequentialDesign, analysis: int, place: float, level: float) -> BSpline:
    """Return (limit,) drifts as a function of the statistic at an analysis, within one span.

    It does not depend on the trials, so that limits do not depend on which trials are computed
    together.
    """
    p = _probabilities(level)
    knots = np.linspace((place - 0.5) * SPAN, (place + 0.5) * SPAN, FIRST_GRID)
    drifts = _solve(design, analysis, knots, p)
    while True:
        spline = make_interp_spline(knots, drifts, k=5)
        between = (knots[1:] + knots[:-1]) / 2
        exact = _solve(design, analysis, between, p)
        if np.abs(spline(between) - exact).max() < CLOSE:
            return spline
        order = np.argsort(np.append(knots, between))
        knots = np.append(knots, between)[order]
        drifts = np.concatenate([drifts, exact])[order]


def _solve(design: SequentialDesign, analysis: int, z: Floats, probabilities: Floats) -> Floats:
    """Return (statistic, limit) drifts at which the tail of each has each probability."""
    parts = np.array_split(z, -(-z.size // AT_ONCE))
    return np.concatenate([_solve_part(design, analysis, part, probabilities) for part in parts])


def _solve_part(
    design: SequentialDesign, analysis: int, z: Floats, probabilities: Floats
) -> Floats:
    p = np.broadcast_to(probabilities, (z.size, probabilities.size))
    low, high = _bracket(design, analysis, z, p)
    # Drifts are centred, to stay in the range of double precision.
    middle, reach = (low.min() + high.max()) / 2, (high.max() - low.min()) / 2
    states = _states(design, analysis, middle, reach)

    def surplus(drift: Floats, z: Floats, p: Floats) -> Floats:
        return _tail(design, analysis, states, z, drift - middle, middle) - p

    # Both ends are widened slightly, so that rounding does not exclude the root.
    found = find_root(
        surplus, (low - 1e-6, high + 1e-6), args=(z[:, None], p), tolerances={"xatol": 1e-12}
    )
    return np.asarray(found.x)


def _bracket(
    design: SequentialDesign, analysis: int, z: Floats, p: Floats
) -> tuple[Floats, Floats]:
    """Return (trial, probability) drifts below and above the solution.

    The tail is at most the sum of the probabilities that one of Z_1 .. Z_k lies above its boundary
    or the outcome, and one minus the tail at most the sum of those that one lies below; and the
    first analysis alone holds part of either.
    """
    roots = np.sqrt(np.asarray(design.information_rates[:analysis]))
    upper = np.column_stack([np.tile(design.upper[: analysis - 1], (z.size, 1)), z])
    lower = np.column_stack([np.tile(design.ignored_lower[: analysis - 1], (z.size, 1)), z])
    share, rest = ndtri(p / analysis)[..., None], -ndtri((1 - p) / analysis)[..., None]
    lowest = ((upper[:, None] + share) / roots).min(-1)
    most = ((lower[:, None] + rest) / roots).max(-1)
    first = ndtri(p) / roots[0]
    return (
        np.maximum(lowest, first + lower[:, :1] / roots[0]),
        np.minimum(most, first + upper[:, :1] / roots[0]),
    )


def _states(design: SequentialDesign, analysis: int, middle: float, reach: float) -> list[Running]:
    """Return the continuing trials before each analysis up to ``analysis``, under ``middle``."""
    rates, states = design.information_rates, [start()]
    for k in range(analysis - 1):
        moved = middle * np.sqrt(rates[k])
        states.append(
            carry_on(
                states[k], rates[k], design.ignored_lower[k] - moved, design.upper[k] - moved,
                next_information=rates[k + 1], reach=(-reach, reach),
            )
        )  # fmt: skip
    return states


def _tail(
    design: SequentialDesign, analysis: int, states: list[Running], z: Floats, drift: Floats,
    middle: float,
) -> Floats:  # fmt: skip
    """Return the probability of an outcome as favourable, drifts relative to ``middle``."""
    rates = design.information_rates
    total = upper_exit(
        states[-1], rates[analysis - 1], z - middle * np.sqrt(rates[analysis - 1]), drift
    )
    for k in range(analysis - 1):
        boundary = design.upper[k] - middle * np.sqrt(rates[k])
        total = total + upper_exit(states[k], rates[k], boundary, drift)
    return total


def _check(design: SequentialDesign, analysis: ArrayLike, level: float) -> None:
    interim = np.asarray(analysis)
    if interim.size and not ((interim >= 1) & (interim <= design.analyses)).all():
        problem = (
            f"analyses {interim.min()} to {interim.max()} given; the design has {design.analyses}"
        )
        raise InputError.of("ordered", "analysis", problem, "count them from 1")
    if not 0 < level < 1:
        raise InputError.of(
            "ordered", "level", f"{level} is not allowed", "give one between 0 and 1"
        )
