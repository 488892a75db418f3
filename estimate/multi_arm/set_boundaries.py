"""Boundaries of a set of treatments against one control, planned and at the observed analyses."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from estimate.core.arrays import Floats
from estimate.multi_arm.familywise import Familywise
from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.boundary_shapes import Shape
from estimate.sequential.interim_inference import observed_boundaries
from estimate.sequential.observed_boundaries import spend_rest
from estimate.sequential.spending import Spending
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class Observed:
    """The analyses of an ongoing trial.

    Attributes
    ----------
    fractions
        (analysis,) information relative to the largest planned; the last may exceed 1.
    last
        Whether the trial ends at the last of them, where all remaining error is spent.
    """

    fractions: tuple[float, ...]
    last: bool = False


@lru_cache(maxsize=256)
def single_boundary(rates: tuple[float, ...], shape: Shape, alpha: float) -> Floats:
    """Return (analysis,) one-sided boundaries of one hypothesis at a level."""
    plan = plan_sequential(np.asarray(rates), _at_level(shape, alpha), alpha=alpha, sides=1,
                           power=max(0.9, 2 * alpha))  # fmt: skip
    return np.asarray(plan.upper)


def _at_level(shape: Shape, alpha: float) -> Shape:
    """Return the family of the boundaries; listed errors belong to one level and are refused."""
    if isinstance(shape, Spending) and shape.family == "user":
        problem = "a list of errors belongs to one level, and closed tests need several"
        raise InputError.of("multi-arm", "efficacy", problem, "give OF, Pocock, HSD(-4), KD or WT")
    return shape


@lru_cache(maxsize=256)
def joint_boundary(
    rates: tuple[float, ...], shape: Shape, ratios: tuple[float, ...], alpha: float
) -> Floats:
    """Return (analysis,) boundaries that one of several null treatments crosses with ``alpha``.

    Treatments may have different sizes: ``ratios`` are participants per participant of the control.

    Examples
    --------
    >>> from estimate.sequential.boundary_shapes import WangTsiatis
    >>> [f"{z:.4f}" for z in joint_boundary((1.0,), WangTsiatis(0.0), (1.0, 1.0), 0.025)]
    ['2.2121']
    """
    if len(ratios) == 1:
        return single_boundary(rates, shape, alpha)
    family = Familywise(rates, ratios, (-np.inf,) * len(rates))
    return family.boundaries(_at_level(shape, alpha), alpha)


@lru_cache(maxsize=1024)
def observed_boundary(
    rates: tuple[float, ...],
    shape: Shape,
    ratios: tuple[float, ...],
    alpha: float,
    observed: Observed,
) -> Floats:
    """Return (analysis,) boundaries of a set of treatments at the observed analyses.

    Error spending follows the observed information fractions, even if there are more analyses than
    planned. Other boundaries are those of the plan, in its order; a trial that ends before its
    last planned analysis spends the remaining error at its last one.

    Parameters
    ----------
    rates
        (planned analysis,) planned information fractions.

    Examples
    --------
    >>> early = Observed((0.30, 0.70, 1.0))
    >>> plan = (1 / 3, 2 / 3, 1.0)
    >>> observed_boundary(plan, Spending("OF"), (1.0,), 0.025, early).round(4).tolist()
    [3.9286, 2.4387, 2.0]
    """
    fractions, last = observed.fractions, observed.last
    if isinstance(shape, Spending):
        _at_level(shape, alpha)
        if len(ratios) == 1:
            return observed_boundaries(alpha, shape, fractions, 1.0, last=last)
        spent = shape.spent(fractions, alpha)
        if last or fractions[-1] >= 1:
            spent = np.append(spent[:-1], alpha)
        return _family(fractions, ratios).spending(spent)
    count = len(fractions)
    planned = joint_boundary(rates, shape, ratios, alpha)[:count]
    if not last or count >= len(rates):
        return planned
    if len(ratios) > 1:
        return _family(fractions, ratios).spend_rest(planned, alpha)
    plan = plan_sequential(rates, shape, alpha=alpha, sides=1, power=max(0.9, 2 * alpha))
    return np.asarray(spend_rest(plan, fractions).upper)


def _family(rates: tuple[float, ...], ratios: tuple[float, ...]) -> Familywise:
    """Return treatments of which none is dropped."""
    return Familywise(rates, ratios, (-np.inf,) * len(rates))
