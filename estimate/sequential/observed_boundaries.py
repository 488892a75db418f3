"""Efficacy and futility boundaries at the observed information fractions.

JT section 7.2 for efficacy (Lan KKG, DeMets DL. *Biometrika* 1983;70:659-63) and, for futility,
Pampallona S, Tsiatis AA, Kim K. *Drug Inf J* 2001;35:1113-21: error is spent as a function of the
observed information fraction, whatever the timing of the analyses.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from estimate.core.arrays import Floats
from estimate.sequential.boundaries import harm_boundaries
from estimate.sequential.boundary_search import (
    boundaries_for_spending,
    judged,
    solve_lower,
    solve_upper,
    steps_at,
)
from estimate.sequential.boundary_shapes import FutilityRule
from estimate.sequential.design import SequentialDesign
from estimate.sequential.recursion import carry_on, start, upper_exit
from estimate.sequential.spending import Spending


def boundaries_as_observed(
    plan: SequentialDesign,
    shape: Spending,
    rates: ArrayLike,
    *,
    futility: Spending | FutilityRule | None = None,
    last: bool = False,
    efficacy_at: Sequence[bool] | None = None,
    futility_at: Sequence[bool] | None = None,
    harm: tuple[Spending, float] | None = None,
) -> SequentialDesign:
    """Return the design with boundaries at the observed and remaining analyses.

    Futility boundaries spend beta under the drift of the plan at its maximum information; the power
    is then no longer exactly that of the plan.

    Parameters
    ----------
    plan
        The design as planned.
    shape, futility
        Spending functions of the plan; not ``user``, which is defined only at planned analyses.
    rates
        (analysis,) information over the largest planned, rising from above 0; the last may pass 1.
    efficacy_at, futility_at, harm
        As in `plan_sequential`; analyses beyond those planned judge both.
    last
        True if the trial ends at the last of them: all remaining error is spent there. The last
        of ``rates`` ends the trial too where it reaches 1.

    Returns
    -------
    SequentialDesign
        Its rates and drift are relative to the last of ``rates``.

    Examples
    --------
    >>> from estimate.sequential.boundaries import plan_sequential
    >>> plan = plan_sequential([1 / 3, 2 / 3, 1], Spending("OF"))
    >>> came = boundaries_as_observed(plan, Spending("OF"), [0.30, 0.70, 1])
    >>> [round(z, 4) for z in came.upper]
    [3.9286, 2.4387, 2.0]
    """
    t = np.asarray(rates, float)
    ends = last or bool(t[-1] >= 1)
    efficacy, stops = judged(efficacy_at, t.size), judged(futility_at, t.size)
    if ends:
        efficacy[-1] = stops[-1] = True
    alpha = _steps(shape, t, plan.alpha / plan.sides, ends, efficacy)
    if isinstance(futility, FutilityRule):
        upper = boundaries_for_spending(t / t[-1], alpha, 1)
        final = float(upper[-1] if ends else plan.upper[-1])
        coming = t if ends else np.append(t, 1.0)
        low = futility.boundaries(coming / max(coming[-1], 1.0), final, plan.drift)
        low = np.append(low, np.inf)[: t.size]
        lower = np.where(stops, np.minimum(low, upper), -np.inf)
    elif futility is None:
        upper = boundaries_for_spending(t / t[-1], alpha, plan.sides)
        lower = -upper if plan.sides == 2 else np.full(t.size, -np.inf)
    else:
        beta = _steps(futility, t, 1 - plan.power, ends, stops)
        high = None if plan.binding else boundaries_for_spending(t / t[-1], alpha, 1)
        lower, upper = _march(t, high, alpha, beta, plan.drift)
    below: tuple[float, ...] = ()
    if harm is not None:
        below = harm_boundaries(np.append(t, 1.0) if t[-1] < 1 else t, *harm)[: t.size]
        lower[: len(below)] = np.maximum(lower[: len(below)], below)
    if ends and plan.sides == 1:
        lower[-1] = upper[-1]
    return replace(with_boundaries(plan, t, lower, upper), harm=below)


def spend_rest(plan: SequentialDesign, rates: ArrayLike) -> SequentialDesign:
    """Return a design of fixed boundaries that ends at the last of ``rates``.

    Earlier analyses keep their boundaries; the last spends all remaining alpha.

    Parameters
    ----------
    rates
        (analysis,) information over the largest planned, no more analyses than planned.
    """
    t = np.asarray(rates, float)
    upper, low = list(plan.upper[: t.size - 1]), plan.ignored_lower
    state, spent = start(), 0.0
    for k, boundary in enumerate(upper):
        spent += float(upper_exit(state, t[k], boundary))
        state = carry_on(state, t[k], low[k], boundary, next_information=float(t[k + 1]))
    high = np.asarray([*upper, solve_upper(state, t[-1], plan.alpha / plan.sides - spent)])
    lower = -high if plan.sides == 2 else np.append(plan.lower[: t.size - 1], high[-1])
    return with_boundaries(plan, t, lower, high)


def with_boundaries(
    plan: SequentialDesign, rates: Floats, lower: Floats, upper: Floats
) -> SequentialDesign:
    """Return the design with other analyses and boundaries, its drift rescaled."""
    return replace(
        plan,
        information_rates=tuple(float(x) for x in rates / rates[-1]),
        upper=tuple(float(x) for x in upper),
        lower=tuple(float(x) for x in lower),
        drift=plan.drift * float(np.sqrt(rates[-1])),
    )


def _steps(
    shape: Spending, rates: Floats, error: float, ends: bool, at: NDArray[np.bool_]
) -> Floats:
    """Return (analysis,) error to spend; a final analysis spends all of it."""
    spent = shape.spent(rates, error)
    if ends:
        spent = np.append(spent[:-1], error)
    return steps_at(spent, at)


def _march(
    rates: Floats, upper: Floats | None, alpha: Floats, beta: Floats, drift: float
) -> tuple[Floats, Floats]:
    """Return lower and upper boundaries; ``upper`` is None if binding futility lowers them."""
    state, low, high = start(), [], []
    for k, info in enumerate(rates):
        high.append(solve_upper(state, info, alpha[k]) if upper is None else float(upper[k]))
        low.append(min(solve_lower(state, info, beta[k], drift), high[-1]))
        if k + 1 < rates.size:
            coming = float(rates[k + 1])
            boundaries = (low[-1], high[-1])
            state = carry_on(state, info, *boundaries, next_information=coming, reach=(0.0, drift))
    return np.asarray(low), np.asarray(high)
