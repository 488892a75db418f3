"""Baseline variables of a table as distributions of a scenario."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr

from estimate.core.arrays import Floats
from estimate.population.grouped_quantiles import grouped_quantiles, rounding_step
from protocol.errors import InputError
from simulate.patients.marginals import Coefficients
from simulate.scenario.sections.enrolment import Z_QUARTILE, Marginal

#: Shares of patients below the three quartiles.
QUARTERS = np.array([0.25, 0.5, 0.75])

#: Normal scores of the quartiles.
_STANDARD = np.array([-Z_QUARTILE, 0.0, Z_QUARTILE])

#: Distance of a limit from the extremes of a table, in interquartile ranges.
MARGIN = 0.5

#: Maximum number of times a limit is widened.
WIDENINGS = 60


@dataclass(frozen=True, slots=True)
class FittedMarginal:
    """A distribution: its quartiles, its limits, and the rounding step of its values.

    ``widened``: the limits of the extended scenario did not contain all values of
    the table.
    """

    quartiles: tuple[float, float, float]
    lower: float
    upper: float
    step: float
    widened: bool

    def spread(self, scale: str) -> tuple[float, float]:
        """Return the distances of the quartiles per unit of the normal score, below and above."""
        low, middle, high = self.quartiles
        if scale == "log":
            return np.log(middle / low) / Z_QUARTILE, np.log(high / middle) / Z_QUARTILE
        return (middle - low) / Z_QUARTILE, (high - middle) / Z_QUARTILE


def fit_marginal(
    values: Floats, base: Marginal, shifts: Floats | None = None, shares: Floats | None = None
) -> FittedMarginal:
    """Return the distribution whose quartiles, over all diagnoses, are those of a column.

    Parameters
    ----------
    values
        The column, NaN where missing.
    base
        Distribution of the scenario that is extended; its limits are kept where they can be.
    shifts, shares
        Of each diagnosis: shift of the normal score, and share of the patients.
    """
    step = rounding_step(values)
    wanted = np.asarray(grouped_quantiles(values, QUARTERS, step))
    lower, upper, widened = _limits(values, wanted, step, base)
    start = FittedMarginal((0.0, 0.0, 0.0), lower, upper, step, widened)
    return _solved(start, wanted, _mixture_quantiles(shifts, shares))


def with_quartiles(fitted: FittedMarginal, quartiles: Floats) -> FittedMarginal:
    """Return a distribution with other quartiles, within its limits where they allow it."""
    return _solved(fitted, quartiles, _STANDARD)


def _solved(start: FittedMarginal, wanted: Floats, scores: Floats) -> FittedMarginal:
    """Return the distribution with three values at three normal scores.

    Where no smooth one lies between the limits, the limit on the side of the longer tail moves.
    """
    lower, upper = start.lower, start.upper
    for _ in range(WIDENINGS):
        found = _coefficients(wanted, scores, lower, upper)
        if found.increasing:
            break
        lower, upper = (lower, 2 * upper - lower) if found.bend > 0 else (lower / 2, upper)
    else:
        raise InputError.of(
            "distribution", "", f"the quartiles {wanted} are too asymmetric",
            "leave the column out, or correct it",
        )  # fmt: skip
    moved = start.widened or (lower, upper) != (start.lower, start.upper)
    return FittedMarginal(_pure_quartiles(found), lower, upper, start.step, moved)


def _limits(
    values: Floats, quartiles: Floats, step: float, base: Marginal
) -> tuple[float, float, bool]:
    """Return the limits of the scenario, or wider ones that contain all values.

    A recorded value may lie half a step beyond a limit: it was rounded.
    """
    known = values[np.isfinite(values)]
    lower, upper = base.lower.value, base.upper.value
    room = MARGIN * float(quartiles[2] - quartiles[0])
    smallest, largest = float(known.min()), float(known.max())
    holds_low = lower <= smallest + step / 2 and lower < quartiles[0]
    holds_high = upper >= largest - step / 2 and upper > quartiles[2]
    low = lower if holds_low else max(smallest - room, smallest / 2)
    high = upper if holds_high else largest + room
    return low, high, not (holds_low and holds_high)


def _mixture_quantiles(shifts: Floats | None, shares: Floats | None) -> Floats:
    """Return the quartiles of the normal scores over diagnoses, each of which shifts them."""
    if shifts is None or shares is None:
        return _STANDARD
    reach = 10 + float(np.abs(shifts).max())

    def below(score: float, share: float) -> float:
        return float(shares @ ndtr(score - shifts)) - share

    return np.array([brentq(below, -reach, reach, args=(share,)) for share in QUARTERS])


def _coefficients(wanted: Floats, scores: Floats, lower: float, upper: float) -> Coefficients:
    """Return the quantile function through three values at three normal scores."""
    square = scores**2
    basis = np.stack([np.ones(3), scores, square / (1 + square)], -1)
    level, linear, bend = np.linalg.solve(basis, logit((wanted - lower) / (upper - lower)))
    return Coefficients(float(level), float(linear), float(bend), lower, upper)


def _pure_quartiles(found: Coefficients) -> tuple[float, float, float]:
    """Return the values at the quartiles of a standard normal score."""
    scores = _STANDARD
    square = scores**2
    place = found.level + found.linear * scores + found.bend * square / (1 + square)
    low, middle, high = found.lower + (found.upper - found.lower) * expit(place)
    return float(low), float(middle), float(high)


def marginal_of(fitted: FittedMarginal, base: Marginal) -> Marginal:
    """Return the distribution as a scenario states it."""
    below, above = fitted.spread(base.scale)

    def put(name: str, value: float) -> Mapping[str, object]:
        kept = getattr(base, name)
        return {"value": value, "unit": kept.unit, "status": "derived", "source": "fit"}

    return Marginal.model_validate(
        {
            "scale": base.scale,
            "median": put("median", fitted.quartiles[1]),
            "sd_below": put("sd_below", below),
            "sd_above": put("sd_above", above),
            "lower": put("lower", fitted.lower),
            "upper": put("upper", fitted.upper),
        }
    )
