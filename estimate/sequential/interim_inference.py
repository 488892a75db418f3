"""Inference in sequential trials: intervals and p-values adjusted for interim analyses.

JT chapter 8 (analysis after the end, stagewise ordering) and chapter 9 (repeated intervals).
theta is the effect with Z_k ~ N(theta sqrt(I_k), 1) and I_k = 1 / (standard error)^2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from estimate.core.numeric.roots import brent_root
from estimate.sequential.boundaries import efficacy_boundaries
from estimate.sequential.boundary_search import boundaries_for_spending
from estimate.sequential.boundary_shapes import Shape
from estimate.sequential.design import SequentialDesign
from estimate.sequential.recursion import carry_on, start, upper_exit
from estimate.sequential.spending import Spending
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class FinalAnalysis:
    """Inference at the end of a sequential trial, by the stagewise ordering of outcomes.

    Attributes
    ----------
    p_value
        Adjusted one-sided p-value of theta = 0 against theta > 0.
    median_unbiased
        Median-unbiased estimate of theta.
    conf_low, conf_high
        Confidence interval for theta.
    naive
        z / sqrt(I), without adjustment for interim analyses; biased away from 0 after an early
        stop.
    """

    p_value: float
    median_unbiased: float
    conf_low: float
    conf_high: float
    naive: float


def stagewise_tail(
    design: SequentialDesign, information: ArrayLike, z: float, theta: ArrayLike = 0.0
) -> Floats:
    """Return the probability of an outcome at least as favourable as the one observed.

    Earlier upward stops are more favourable, then higher Z at the same analysis (JT section 8.4).

    Parameters
    ----------
    information
        (analysis,) information at every analysis up to the last one taken.
    z
        Statistic at that analysis.
    theta
        (...) effects.
    """
    info = _check_information(information, design)
    k = info.size - 1
    # Effects are centred, because likelihood ratios overflow far from 0.
    effects = np.asarray(theta, float)
    lowest, most = float(effects.min(initial=np.inf)), float(effects.max(initial=-np.inf))
    middle = (lowest + most) / 2 if effects.size else 0.0
    moved, away = middle * np.sqrt(info), effects - middle
    lower, upper = design.ignored_lower[:k] - moved[:k], design.upper[:k] - moved[:k]
    reach = (lowest - middle, most - middle) if effects.size else (0.0, 0.0)
    total, state = np.zeros(effects.shape), start()
    for j in range(k):
        total = total + upper_exit(state, info[j], upper[j], away)
        state = carry_on(
            state, info[j], lower[j], upper[j], next_information=info[j + 1], reach=reach
        )
    return np.minimum(total + upper_exit(state, info[k], z - moved[k], away), 1.0)


def analyse_final(
    design: SequentialDesign, information: ArrayLike, z: float, *, level: float = 0.95
) -> FinalAnalysis:
    """Return p-value, interval and median-unbiased estimate after the trial has stopped.

    Futility boundaries that do not bind are ignored, as they are for alpha.

    Parameters
    ----------
    design
        The design that was followed.
    information
        (analysis,) information 1 / se^2 at every analysis taken, the last one included.
    z
        Statistic at the last analysis taken.
    level
        Coverage of the two-sided interval.

    Examples
    --------
    >>> from estimate.sequential.boundaries import plan_sequential
    >>> design = plan_sequential([0.5, 1], Spending("OF"))
    >>> result = analyse_final(design, [25.0], 3.2)  # first analysis: no adjustment
    >>> round(result.median_unbiased, 4), round(result.naive, 4)
    (0.64, 0.64)
    """
    info = _check_information(information, design)
    if not np.isfinite(z):
        raise InputError.of("analysis", "z", f"{z} is not allowed", "give a finite statistic")
    naive = z / np.sqrt(info[-1])
    tail = (1 - level) / 2

    def effect_with_tail(probability: float) -> float:
        def surplus(theta: float) -> float:
            return float(stagewise_tail(design, info, z, theta)) - probability

        low = high = 3 / np.sqrt(info[-1])
        while surplus(naive - low) > 0:
            low *= 1.5
        while surplus(naive + high) < 0:
            high *= 1.5
        return float(brent_root(surplus, naive - low, naive + high, xtol=1e-12))

    return FinalAnalysis(
        p_value=float(stagewise_tail(design, info, z)),
        median_unbiased=effect_with_tail(0.5),
        conf_low=effect_with_tail(tail),
        conf_high=effect_with_tail(1 - tail),
        naive=float(naive),
    )


def repeated_interval(
    design: SequentialDesign, analysis: int, estimate: ArrayLike, std_error: ArrayLike
) -> tuple[Floats, Floats]:
    """Return the repeated confidence interval of an analysis (JT section 9.1).

    All repeated intervals together cover with probability 1 - 2 alpha (one side) or 1 - alpha
    (two sides). For risk differences `estimate.comparison.risk_difference.score_interval` with
    ``z=design.upper[analysis - 1]`` inverts the score test instead.

    Parameters
    ----------
    analysis
        Counted from 1.
    estimate, std_error
        (...) at that analysis.
    """
    boundary = _boundary(design, analysis)
    value, error = np.asarray(estimate, float), np.asarray(std_error, float)
    return value - boundary * error, value + boundary * error


def repeated_p(shape: Shape, rates: ArrayLike, analysis: int, z: float, *, sides: int = 1) -> float:
    """Return the smallest alpha at which a design of this shape rejects at this analysis.

    JT section 9.4. With one side it is one-sided.

    Parameters
    ----------
    shape
        Shape of the efficacy boundaries; user spending is defined for one alpha only.
    rates
        (analysis,) information rates of the whole design.
    analysis
        Counted from 1.
    z
        Statistic at that analysis; with two sides its absolute value counts.
    """
    t = np.asarray(rates, float)
    value = abs(z) if sides == 2 else z

    def surplus(alpha: float) -> float:
        return float(efficacy_boundaries(t, shape, alpha, sides)[analysis - 1]) - value

    lowest, most = 1e-12, 0.5 * sides - 1e-6
    if surplus(most) > 0:
        return most
    if surplus(lowest) < 0:
        return lowest
    return float(brent_root(surplus, lowest, most, xtol=1e-13))


def observed_boundaries(
    design_alpha: float,
    shape: Shape,
    information: ArrayLike,
    planned: float,
    *,
    sides: int = 1,
    last: bool = False,
) -> Floats:
    """Return (analysis,) boundaries at the observed information fractions.

    Parameters
    ----------
    design_alpha
        Type I error, both sides together.
    shape
        A spending function: only these allow unplanned analyses.
    information
        (analysis,) information at the analyses so far; it may exceed ``planned`` (overrunning).
    planned
        Maximum information planned, at which all error is spent.
    last
        True if the trial ends at the last analysis given: all remaining error is then spent, even
        before ``planned`` information (underrunning).

    Examples
    --------
    >>> boundaries = observed_boundaries(0.025, Spending("OF"), [30, 70, 110], planned=100)
    >>> [round(float(z), 4) for z in boundaries[:2]]
    [3.9286, 2.4387]
    """
    if not isinstance(shape, Spending):
        problem = f"{type(shape).__name__} fixes its analyses beforehand"
        raise InputError.of("analysis", "shape", problem, "use a spending function")
    info = np.atleast_1d(np.asarray(information, float))
    if planned <= 0 or info[0] <= 0 or (np.diff(info) <= 0).any():
        problem = f"analyses at {info.tolist()} of {planned:g} do not rise from above 0"
        raise InputError.of("analysis", "information", problem, "list information in its order")
    fraction = np.minimum(info / planned, 1.0)
    spent = shape.spent(fraction, design_alpha / sides)
    if last:
        spent = np.append(spent[:-1], design_alpha / sides)
    return boundaries_for_spending(info / info[-1], np.diff(spent, prepend=0), sides)


def _boundary(design: SequentialDesign, analysis: int) -> float:
    if not 1 <= analysis <= design.analyses:
        problem = f"{analysis} is not an analysis of this design"
        raise InputError.of(
            "analysis", "analysis", problem, f"give one from 1 to {design.analyses}"
        )
    return design.upper[analysis - 1]


def _check_information(information: ArrayLike, design: SequentialDesign) -> Floats:
    info = np.atleast_1d(np.asarray(information, float))
    if info.size > design.analyses:
        problem = f"{info.size} analyses were given, the design has {design.analyses}"
        raise InputError.of("analysis", "information", problem, "remove analyses after the end")
    if info.size == 0 or not np.isfinite(info).all() or info[0] <= 0 or (np.diff(info) <= 0).any():
        problem = f"{information!r} does not rise from above 0"
        raise InputError.of("analysis", "information", problem, "give 1 / se^2 at each analysis")
    return info
