"""Decision analyses of a group-sequential trial with delayed endpoints.

When an interim analysis crosses a boundary, recruitment stops, but participants whose endpoint is
not yet known have been recruited. The trial waits for them and then decides by a critical value of
its own (Hampson LV, Jennison C. *J R Stat Soc B* 2013;75:3-54): under no effect, a trial that
crossed the upper boundary fails to reject as often as one that crossed the lower boundary rejects,
so that the error spent is that of the plan whatever the number of participants awaited. Their
number may depend on recruitment, not on outcomes. With non-binding futility boundaries the type I
error stays below alpha whether or not they are obeyed (`delayed_exits` computes it).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from estimate.core.arrays import Floats
from estimate.core.numeric.roots import brent_root
from estimate.sequential.design import SequentialDesign
from estimate.sequential.recursion import Running, carry_on, lower_exit, start, upper_exit

#: How the critical value of a decision analysis is chosen.
DecisionRule = Literal["balanced", "nominal"]

#: Information rates that differ by less are equal: nobody is awaited.
SAME = 1e-9

#: Critical values lie between these.
LOWEST, HIGHEST = -8.0, 12.0


@dataclass(frozen=True, slots=True)
class DelayedExits:
    """Probabilities of the ways in which trials end, (..., analysis).

    Attributes
    ----------
    success, success_reversed
        Upper boundary crossed; then rejection, or none, at the decision analysis.
    futility, futility_reversed
        Lower boundary crossed; then no rejection, or rejection.
    """

    success: Floats
    success_reversed: Floats
    futility: Floats
    futility_reversed: Floats

    @property
    def rejection(self) -> Floats:
        """Return the probability of rejecting after each analysis."""
        return self.success + self.futility_reversed


@lru_cache(maxsize=4096)
def critical_decision(
    design: SequentialDesign, analysis: int, rate: float, rule: DecisionRule = "balanced"
) -> float:
    """Return the critical value of the decision analysis after recruitment stopped.

    Parameters
    ----------
    design
        One side, or two with the rule ``nominal``.
    analysis
        Interim analysis at which it stopped, from 1.
    rate
        Information with the participants awaited, relative to the largest planned.
    rule
        ``balanced``: both kinds of reversal are equally probable under no effect. Where an analysis
        judges futility alone nothing is rejected afterwards; where it judges efficacy alone, and
        with ``nominal``, the value is that of a single test at full alpha, which is conservative.

    Examples
    --------
    >>> from estimate.sequential.boundaries import plan_sequential
    >>> from estimate.sequential.spending import Spending
    >>> plan = plan_sequential([0.4, 0.65, 1], Spending("OF"), alpha=0.05, power=0.9,
    ...                        futility=Spending("OF"), binding=True)
    >>> round(critical_decision(plan, 1, 0.5), 5), round(critical_decision(plan, 2, 0.85), 5)
    (1.33889, 1.53787)
    """
    upper, lower = design.upper[analysis - 1], design.lower[analysis - 1]
    if not np.isfinite(upper):
        return float("inf")
    if rate <= design.information_rates[analysis - 1] + SAME:
        return upper
    if rule == "nominal" or not np.isfinite(lower):
        return float(-ndtri(design.alpha / design.sides))
    state = _before(design, analysis, design.lower)
    high, low = _stopped(state, design, analysis, rate, 0.0)

    def net(boundary: float) -> float:
        lost, gained = lower_exit(high, rate, boundary), upper_exit(low, rate, boundary)
        return float(lost - gained)

    return brent_root(net, LOWEST, HIGHEST)


def delayed_exits(
    design: SequentialDesign, awaited: Sequence[float], drift: ArrayLike = 0.0,
    rule: DecisionRule = "balanced", *, obeyed: bool = True,
) -> DelayedExits:  # fmt: skip
    """Return how trials end at every analysis, with decision analyses after the interim ones.

    Parameters
    ----------
    awaited
        (interim analysis,) information awaited at each, relative to the largest planned; with the
        analysis itself at most 1.
    drift
        (...) theta * sqrt(I_K).
    obeyed
        Whether lower boundaries of interim analyses stop the trial.
    """
    drifts, ends = np.asarray(drift, float), np.asarray(design.information_rates)
    lower = np.asarray(design.lower, float)
    if not obeyed:
        lower = np.append(np.full(len(lower) - 1, -np.inf), lower[-1])
    found = []
    for k, rate in enumerate((*(ends[:-1] + np.asarray(awaited)), 1.0), start=1):
        state = _before(design, k, tuple(lower), float(drifts.max(initial=0.0)))
        last, total = k == len(ends), float(min(rate, 1.0))
        if last or total <= ends[k - 1] + SAME:
            up = upper_exit(state, ends[k - 1], design.upper[k - 1], drifts)
            down = lower_exit(state, ends[k - 1], lower[k - 1], drifts)
            found.append((up, 0 * up, down, 0 * down))
            continue
        critical = critical_decision(design, k, total, rule)
        high, low = _stopped(state, design, k, total, float(drifts.max(initial=0.0)), lower[k - 1])
        found.append((
            upper_exit(high, total, critical, drifts), lower_exit(high, total, critical, drifts),
            lower_exit(low, total, critical, drifts), upper_exit(low, total, critical, drifts),
        ))  # fmt: skip
    return DelayedExits(*(np.stack(each, -1) for each in zip(*found, strict=True)))


def _before(
    design: SequentialDesign, analysis: int, lower: Sequence[float], reach: float = 0.0
) -> Running:
    """Return the trials that continue to an analysis."""
    ends, state = design.information_rates, start()
    for k in range(analysis - 1):
        state = carry_on(
            state, ends[k], lower[k], design.upper[k], next_information=ends[k + 1],
            reach=(0.0, reach),
        )  # fmt: skip
    return state


def _stopped(
    state: Running, design: SequentialDesign, analysis: int, rate: float, reach: float,
    lower: float | None = None,
) -> tuple[Running, Running]:  # fmt: skip
    """Return the trials above the upper and below the lower boundary of an analysis."""
    now = design.information_rates[analysis - 1]
    low = design.lower[analysis - 1] if lower is None else lower
    parts = ((design.upper[analysis - 1], np.inf), (-np.inf, low))
    high, below = (
        carry_on(state, now, *part, next_information=rate, reach=(0.0, reach)) for part in parts
    )
    return high, below
