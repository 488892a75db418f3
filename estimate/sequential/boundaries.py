"""Group-sequential designs: families of efficacy boundaries, and futility by beta spending.

JT chapter 2 (Pocock, O'Brien-Fleming, Haybittle-Peto, Wang-Tsiatis) and chapter 7 (spending).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from estimate.core.arrays import Floats
from estimate.sequential.boundary_search import (
    boundaries_for_spending,
    boundary_root,
    judged,
    solve_lower,
    solve_upper,
    steps_at,
)
from estimate.sequential.boundary_shapes import (
    FutilityRule,
    HaybittlePeto,
    Shape,
    WangTsiatis,
    describe,
)
from estimate.sequential.design import SequentialDesign, check_errors, check_rates
from estimate.sequential.recursion import (
    carry_on,
    exit_probabilities,
    lower_exit,
    start,
)
from estimate.sequential.spending import Spending
from protocol.errors import InputError


def plan_sequential(
    rates: ArrayLike,
    shape: Shape,
    *,
    alpha: float = 0.025,
    sides: int = 1,
    power: float = 0.8,
    futility: Spending | FutilityRule | None = None,
    binding: bool = False,
    efficacy_at: Sequence[bool] | None = None,
    futility_at: Sequence[bool] | None = None,
    harm: tuple[Spending, float] | None = None,
) -> SequentialDesign:
    """Make a group-sequential design.

    Parameters
    ----------
    rates
        (analysis,) information rates, rising, the last 1.
    shape
        Shape of the efficacy boundaries.
    alpha, sides, power
        Type I error (both sides together), 1 or 2 sides, power.
    futility
        How beta = 1 - power is spent on stopping for futility; None never stops for it. For one
        side only.
    binding
        True lowers the efficacy boundaries because stopping for futility is obligatory; it needs
        efficacy boundaries by spending.
    efficacy_at, futility_at
        (analysis,) whether efficacy, or futility, is judged at an analysis, always at the last;
        error of the other analyses is spent at the next. None is at all of them.
    harm
        Spending function and one-sided error of harm boundaries: z below which the data favour
        control. They control that error regardless of other stopping rules. One side only.

    Examples
    --------
    >>> design = plan_sequential([1 / 3, 2 / 3, 1], Spending("OF"))
    >>> [round(z, 4) for z in design.upper]
    [3.7103, 2.5114, 1.993]
    >>> round(design.inflation, 4)
    1.0128
    """
    t = check_rates(rates)
    check_errors(alpha, sides, power)
    _check_futility(shape, sides, futility, binding)
    efficacy, stops = judged(efficacy_at, t.size), judged(futility_at, t.size)
    if futility is None:
        upper = efficacy_boundaries(t, shape, alpha, sides, efficacy)
        lower = -upper if sides == 2 else np.append(np.full(t.size - 1, -np.inf), upper[-1])
        drift = _drift_for(power, t, lower, upper)
    elif isinstance(futility, FutilityRule):
        upper = efficacy_boundaries(t, shape, alpha, 1, efficacy)
        lower, drift = _with_rule(t, upper, power, futility, stops)
    else:
        spent = None if binding else efficacy_boundaries(t, shape, alpha, 1, efficacy)
        lower, upper, drift = _with_futility(
            t, shape, alpha, power, futility, spent, (efficacy, stops)
        )
    below: tuple[float, ...] = ()
    if harm is not None:
        below = harm_boundaries(t, *harm)
        lower = np.append(np.maximum(lower[:-1], below), lower[-1])
        drift = _drift_for(power, t, lower, upper)
    return SequentialDesign(
        name=describe(shape, futility, binding),
        information_rates=tuple(float(x) for x in t),
        upper=tuple(float(x) for x in upper),
        lower=tuple(float(x) for x in lower),
        alpha=alpha,
        sides=sides,
        power=power,
        binding=binding,
        drift=drift,
        harm=below,
    )


def harm_boundaries(rates: Floats, spending: Spending, error: float) -> tuple[float, ...]:
    """Return (interim analysis,) z below which data favour control, at a one-sided error."""
    steps = np.diff(spending.spent(rates, error), prepend=0)
    return tuple(float(-z) for z in boundaries_for_spending(rates, steps, 1)[:-1])


def efficacy_boundaries(
    rates: Floats, shape: Shape, alpha: float, sides: int,
    at: NDArray[np.bool_] | None = None,
) -> Floats:  # fmt: skip
    """Return (analysis,) upper boundaries that control alpha without futility stopping."""
    everywhere = at is None or bool(at.all())
    match shape:
        case Spending():
            spent = shape.spent(rates, alpha / sides)
            steps = np.diff(spent, prepend=0) if at is None else steps_at(spent, at)
            return boundaries_for_spending(rates, steps, sides)
        case _ if not everywhere:
            problem = "analyses without an efficacy boundary need error spending"
            raise InputError.of("design", "efficacy", problem, "give OF, Pocock, HSD or KD")
        case WangTsiatis():
            form = rates ** (shape.delta - 0.5)
            lowest = 0.1 if _size(rates, 0.1 * form, sides) > alpha else 1e-9
            constant = boundary_root(lambda c: _size(rates, c * form, sides) - alpha, lowest, 100.0)
            return np.asarray(constant * form)
        case HaybittlePeto():
            return _haybittle(rates, shape.z, alpha, sides)


def _haybittle(rates: Floats, z: float, alpha: float, sides: int) -> Floats:
    early = np.full(rates.size - 1, z)
    if early.size and _size(rates, np.append(early, 40.0), sides) >= alpha:
        raise InputError.of(
            "design", "z", f"interim analyses with z = {z:g} already spend alpha", "raise z"
        )
    last = boundary_root(lambda b: _size(rates, np.append(early, b), sides) - alpha, 0.0, 12.0)
    return np.append(early, last)


def _size(rates: Floats, upper: Floats, sides: int) -> float:
    """Return the type I error of boundaries without futility."""
    lower = -upper if sides == 2 else np.full(rates.size, -np.inf)
    low, up = exit_probabilities(rates, lower, upper)
    return float(up.sum() + (low.sum() if sides == 2 else 0))


def _drift_for(power: float, rates: Floats, lower: Floats, upper: Floats) -> float:
    """Return the drift under which Z crosses an upper boundary with probability ``power``."""
    return boundary_root(
        lambda drift: float(exit_probabilities(rates, lower, upper, drift)[1].sum()) - power,
        0.0,
        20.0,
    )


def _with_futility(
    rates: Floats,
    shape: Shape,
    alpha: float,
    power: float,
    futility: Spending,
    upper: Floats | None,
    at: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> tuple[Floats, Floats, float]:
    """Return lower and upper boundaries, and the drift at which exactly beta is spent.

    ``upper`` is None if futility binds: then the upper boundaries depend on the lower ones. ``at``
    is whether efficacy and futility boundaries apply there.
    """
    beta = 1 - power
    beta_steps = steps_at(futility.spent(rates, beta), at[1])
    alpha_steps = (
        steps_at(shape.spent(rates, alpha), at[0]) if isinstance(shape, Spending) else None
    )

    def march(drift: float) -> tuple[list[float], list[float], float]:
        state, low, high, missed = start(), [], [], 0.0
        for k, info in enumerate(rates):
            if upper is not None:
                high.append(float(upper[k]))
            elif alpha_steps is not None:
                high.append(solve_upper(state, info, alpha_steps[k]))
            last = k + 1 == rates.size
            wanted = np.inf if last else solve_lower(state, info, beta_steps[k], drift)
            low.append(min(wanted, high[-1]))
            missed += float(lower_exit(state, info, low[-1], drift))
            if not last:
                coming = float(rates[k + 1])
                boundaries = (low[-1], high[-1])
                state = carry_on(
                    state, info, *boundaries, next_information=coming, reach=(0.0, drift)
                )
        return low, high, missed

    fixed = float(ndtri(1 - alpha) + ndtri(power))  # a sequential design cannot have less
    most = 6 * fixed
    if beta_steps[-1] < 1e-9 * beta or march(most)[2] > beta:
        problem = "almost all of beta is spent before the last analysis"
        raise InputError.of("design", "futility", problem, "spend beta later")
    drift = boundary_root(lambda d: march(d)[2] - beta, fixed - 1e-3, most)
    low, high, _ = march(drift)
    return np.asarray(low), np.asarray(high), drift


def _with_rule(
    rates: Floats, upper: Floats, power: float, rule: FutilityRule, at: NDArray[np.bool_]
) -> tuple[Floats, float]:
    """Return the lower boundaries of a rule, and the drift at which the design has its power."""

    def lower(drift: float) -> Floats:
        low = rule.boundaries(rates, float(upper[-1]), drift)
        low = np.where(at[:-1], np.minimum(low, upper[:-1]), -np.inf)
        return np.append(low, upper[-1])

    def short(drift: float) -> float:
        return float(exit_probabilities(rates, lower(drift), upper, drift)[1].sum()) - power

    if short(20.0) < 0:
        problem = "so many trials stop for futility that no sample size has the power"
        raise InputError.of("design", "futility", problem, "let fewer trials stop for futility")
    drift = boundary_root(short, 0.0, 20.0)
    return lower(drift), drift


def _check_futility(
    shape: Shape, sides: int, futility: Spending | FutilityRule | None, binding: bool
) -> None:
    if binding and isinstance(futility, FutilityRule):
        problem = "only futility by beta spending can be binding"
        raise InputError.of("design", "binding", problem, "set binding to false")
    if futility is not None and sides == 2:
        problem = "futility boundaries are for one side"
        raise InputError.of("design", "futility", problem, "set sides to 1 and halve alpha")
    if binding and futility is None:
        raise InputError.of("design", "binding", "there is no futility boundary", "add futility")
    if binding and not isinstance(shape, Spending):
        problem = "binding futility needs efficacy boundaries by spending"
        raise InputError.of("design", "binding", problem, "choose a spending function")
