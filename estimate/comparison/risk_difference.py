"""Score tests and intervals for two proportions: difference, ratio and odds ratio.

A score interval contains the values that a score test does not reject, so that test and interval
agree (unlike Wald's) and zero events are allowed. Farrington CP, Manning G. *Stat Med*
1990;9:1447-54; Miettinen O, Nurminen M. *Stat Med* 1985;4:213-26, who multiply the variance by n /
(n - 1). Arrays of counts broadcast: a batch of trials is one call.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from estimate.comparison.proportion import wilson_interval
from estimate.comparison.restricted_risks import Measure, restricted_odds, restricted_risks
from estimate.core.arrays import Floats, Ints
from estimate.core.estimand import Estimand
from estimate.core.numeric.distinct import distinct_columns
from estimate.core.numeric.roots import chandrupatla_roots
from estimate.core.result import Estimate, assemble
from protocol.errors import InputError

Variance = Literal["Farrington-Manning", "Miettinen-Nurminen"]

#: The statistic minus its critical value at nulls, which decreases as they increase.
Above = Callable[..., Floats]

#: Accuracy of limits, for differences of risks and for logarithms of ratios.
TOLERANCE = 1e-12

#: Counts below this are distinct as floating-point numbers.
LARGEST_WHOLE = 2.0**53

#: Ratios are searched between these; a limit at the edge is 0 or infinity.
LOG_EDGE = 30.0


def score_z(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    *,
    null: ArrayLike | None = None,
    measure: Measure = "risk difference",
    variance: Variance = "Farrington-Manning",
) -> Floats:
    """Return the score statistic, positive if arm 1 has a higher risk than under the null.

    Parameters
    ----------
    x1, n1, x2, n2
        Events and patients per arm.
    null
        Value of ``measure`` under the null; None means no effect. Below no effect it is a
        non-inferiority margin.
    variance
        Miettinen and Nurminen multiply by n / (n - 1).

    Examples
    --------
    >>> print(f"{score_z(55, 100, 40, 100):.4f} {score_z(55, 100, 40, 100, null=-0.10):.4f}")
    2.1240 3.5574
    """
    x1, n1, x2, n2 = _check(x1, n1, x2, n2)
    p1, p2 = x1 / n1, x2 / n2
    value = (0.0 if measure == "risk difference" else 1.0) if null is None else null
    more = (n1 + n2) / (n1 + n2 - 1) if variance == "Miettinen-Nurminen" else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "odds ratio":
            top, v1, v2 = _odds_score(x1, n1, x2, n2, value)
            z = top * np.sqrt((1 / (n1 * v1) + 1 / (n2 * v2)) / more)
            # Without events, or without non-events, every odds ratio fits perfectly.
            z = np.where((x1 + x2 == 0) | (x1 + x2 == n1 + n2), 0.0, z)
        else:
            r1, r2 = restricted_risks(p1, p2, n1, n2, value, measure)
            v1, v2 = r1 * (1 - r1), r2 * (1 - r2)
            scale = np.asarray(value if measure == "risk ratio" else 1.0)
            top = p1 - scale * p2 - (0.0 if measure == "risk ratio" else np.asarray(value))
            z = top / np.sqrt((v1 / n1 + scale**2 * v2 / n2) * more)
    return np.asarray(np.where(np.abs(top) < 1e-14, 0.0, z))


def hypothesis_z(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, nulls: Sequence[float] = (0.0,)
) -> Floats:
    """Return the score statistic against a hypothesis about the risk difference.

    Parameters
    ----------
    nulls
        One limit: the null hypothesis is a difference at or below it (non-inferiority, superiority,
        superiority by a margin). Two limits, lower and upper: the null hypothesis is a difference
        outside them, and the statistic is the smaller one of two one-sided tests (Schuirmann DJ.
        *J Pharmacokinet Biopharm* 1987;15:657-80).

    Examples
    --------
    >>> print(f"{hypothesis_z(55, 100, 40, 100, (-0.1,)):.4f}")
    3.5574
    >>> print(f"{hypothesis_z(50, 100, 50, 100, (-0.15, 0.15)):.4f}")
    2.1456
    """
    against = score_z(x1, n1, x2, n2, null=nulls[0])
    if len(nulls) == 1:
        return against
    return np.asarray(np.minimum(against, -score_z(x1, n1, x2, n2, null=nulls[1])))


def _odds_score(
    x1: Floats, n1: Floats, x2: Floats, n2: Floats, null: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Return events of arm 1 above those fitted to an odds ratio, and both arms' variances.

    The fit keeps all margins, so that the residuals of all cells are equal; the smallest cell is
    the most precise.
    """
    (r1, f1), (r2, f2) = restricted_odds(x1 / n1, x2 / n2, n1, n2, null)
    cells = np.stack(np.broadcast_arrays(x1, n1 - x1, x2, n2 - x2, r1)[:4])
    over = np.stack([x1 - n1 * r1, n1 * f1 - (n1 - x1), n2 * r2 - x2, (n2 - x2) - n2 * f2])
    smallest = cells.argmin(0)
    return np.take_along_axis(over, smallest[None], 0)[0], r1 * f1, r2 * f2


def score_interval(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    *,
    measure: Measure = "risk difference",
    variance: Variance = "Miettinen-Nurminen",
    level: float = 0.95,
    z: ArrayLike | None = None,
) -> tuple[Floats, Floats]:
    """Return the limits between which the score test does not reject.

    Parameters
    ----------
    level
        Coverage, two-sided.
    z
        Critical value instead of ``level``; the boundary of an interim analysis gives a repeated
        interval.

    Examples
    --------
    >>> low, high = score_interval(0, 10, 0, 20)        # Miettinen and Nurminen 1985, example 4
    >>> f"{low:.4f} {high:.4f}"
    '-0.1658 0.2844'
    """
    x1, n1, x2, n2 = _check(x1, n1, x2, n2)
    bound = np.asarray(ndtri((1 + level) / 2) if z is None else z, float)
    given = np.stack(np.broadcast_arrays(x1, n1, x2, n2, bound))
    # Simulated trials of one size share few distinct tables: solve each of them once.
    tables, back = _distinct(given.reshape(5, -1))
    low, high = _invert(tables, measure, variance)
    shape = given.shape[1:]
    return low[back].reshape(shape), high[back].reshape(shape)


def _near(columns: Floats) -> Floats:
    """Return (2, limit) ends that nearly always enclose a limit of a risk difference.

    Agresti A, Caffo B. *Am Stat* 2000;54:280-8, with a quarter of the length on either side.
    """
    x1, n1, x2, n2, wanted = columns
    p1, p2 = (x1 + 1) / (n1 + 2), (x2 + 1) / (n2 + 2)
    reach = wanted * np.sqrt(p1 * (1 - p1) / (n1 + 2) + p2 * (1 - p2) / (n2 + 2))
    about, half = p1 - p2 - reach, 0.25 * np.abs(reach) + 0.01
    return np.asarray(np.clip(np.stack([about - half, about + half]), -1.0, 1.0))


def _from_the_edges(above: Above, edge: float, columns: Floats) -> Floats:
    """Return roots between -edge and edge; an edge if every value fits, or none beyond it."""
    ends = np.full((2, columns.shape[1]), [[-edge], [edge]])
    first, last = (above(end, *columns) for end in ends)
    found: Floats = np.where(first > 0, edge, -edge)
    inside = (first > 0) & (last < 0)
    found[inside] = _roots(above, ends[:, inside], columns[:, inside])
    return found


def _roots(above: Above, ends: Floats, columns: Floats) -> Floats:
    low: Floats = ends[0]
    if low.size:
        low = chandrupatla_roots(above, low, ends[1], columns, xtol=TOLERANCE)
    return low


def _distinct(given: Floats) -> tuple[Floats, Ints]:
    """Return the distinct columns of counts and critical values, and the kind of each column."""
    # Effective counts of weighted risks need not be whole, and can be very large.
    whole = (given[:4] == np.rint(given[:4])).all() and given[:4].max(initial=0.0) < LARGEST_WHOLE
    if whole and (given[4] == given[4, :1]).all():
        place, kind = distinct_columns(given[:4].astype(np.int64))
        return given[:, place], kind
    tables, back = np.unique(given, axis=1, return_inverse=True)
    return tables, back.ravel()


def _invert(tables: Floats, measure: Measure, variance: Variance) -> tuple[Floats, Floats]:
    """Return limits for the columns of (5, table): events, n, events, n, critical value."""
    ratio = measure != "risk difference"
    edge = LOG_EDGE if ratio else 1.0
    both = np.concatenate([tables, tables * [[1], [1], [1], [1], [-1]]], axis=1)

    def above(place: Floats, *columns: Floats) -> Floats:
        """Return the statistic minus its target, which decreases as the null increases."""
        x1, n1, x2, n2, wanted = columns
        null = np.exp(place) if ratio else place
        z = score_z(x1, n1, x2, n2, null=null, measure=measure, variance=variance)
        return np.clip(z - wanted, -1e9, 1e9)

    found = np.empty(both.shape[1])
    rest = np.ones(found.size, bool)
    if not ratio:
        ends = _near(both)
        close = (above(ends[0], *both) > 0) & (above(ends[1], *both) < 0)
        found[close] = _roots(above, ends[:, close], both[:, close])
        rest = ~close
    if rest.any():
        found[rest] = _from_the_edges(above, edge, both[:, rest])
    low, high = np.split(found, 2)
    if not ratio:
        return low, high
    low_ratio = np.where(low == -edge, 0.0, np.exp(low))
    return low_ratio, np.where(high == edge, np.inf, np.exp(high))


def newcombe_interval(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Return the hybrid score interval of a risk difference.

    Newcombe RG. *Stat Med* 1998;17:873-90, method 10: the Wilson limits of both arms, joined.

    >>> low, high = newcombe_interval(56, 70, 48, 80)   # his Table II, example (a)
    >>> f"{low:.4f} {high:.4f}"
    '0.0524 0.3339'
    """
    x1, n1, x2, n2 = _check(x1, n1, x2, n2)
    p1, p2 = x1 / n1, x2 / n2
    (low1, high1), (low2, high2) = wilson_interval(x1, n1, level), wilson_interval(x2, n2, level)
    below = np.sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2)
    above = np.sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2)
    return p1 - p2 - below, p1 - p2 + above


def compare_arms(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    estimand: Estimand,
    *,
    measure: Measure = "risk difference",
    variance: Variance = "Miettinen-Nurminen",
    method: str = "unadjusted",
) -> Estimate:
    """Return the unadjusted effect with its score test (no effect) and score interval.

    ``std_error`` is Wald's (of the logarithm for ratios); ``statistic`` is the score z. A trial
    with an empty arm, or with no finite estimate on this scale, does not converge; the latter keeps
    its limits, of which one is 0 or infinite.

    Parameters
    ----------
    x1, n1, x2, n2
        (...) events and patients in the treated and in the control arm.
    """
    counts = [np.asarray(a, float) for a in (x1, n1, x2, n2)]
    x1, n1, x2, n2 = np.broadcast_arrays(*counts)
    empty = (n1 < 1) | (n2 < 1)
    m1, m2 = np.where(empty, 1.0, n1), np.where(empty, 1.0, n2)
    e1, e2 = np.where(empty, 0.0, x1), np.where(empty, 0.0, x2)
    z = score_z(e1, m1, e2, m2, measure=measure, variance=variance)
    limits = score_interval(e1, m1, e2, m2, measure=measure, variance=variance)
    value, std_error = _wald(e1, m1, e2, m2, measure)
    with np.errstate(divide="ignore"):
        low, high = limits if measure == "risk difference" else map(np.log, limits)
    found = assemble(
        estimand.as_(measure),
        method,
        measure,
        value=value,
        std_error=std_error,
        statistic=z,
        p_value=2 * ndtr(-np.abs(z)),
        low=low,
        high=high,
        n=(n1 + n2).astype(int),
        interval=f"score ({variance})",
        converged=~empty & np.isfinite(value),
        test="score",
    )
    low, high = (np.where(empty, np.nan, each) for each in limits)
    return replace(found, conf_low=low, conf_high=high)


def _wald(
    x1: Floats, n1: Floats, x2: Floats, n2: Floats, measure: Measure
) -> tuple[Floats, Floats]:
    """Return estimate and standard error, of the logarithm for ratios."""
    p1, p2 = x1 / n1, x2 / n2
    with np.errstate(divide="ignore", invalid="ignore"):
        match measure:
            case "risk difference":
                return p1 - p2, np.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
            case "risk ratio":
                return np.log(p1) - np.log(p2), np.sqrt((1 - p1) / x1 + (1 - p2) / x2)
            case "odds ratio":
                odds = np.log(p1) - np.log1p(-p1) - np.log(p2) + np.log1p(-p2)
                return odds, np.sqrt(1 / x1 + 1 / (n1 - x1) + 1 / x2 + 1 / (n2 - x2))


def _check(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    a, b, c, d = np.broadcast_arrays(*(np.asarray(v, float) for v in (x1, n1, x2, n2)))
    if (b <= 0).any() or (d <= 0).any() or (a < 0).any() or (a > b).any() or (c < 0).any():
        raise _counts_fault()
    if (c > d).any():
        raise _counts_fault()
    return a, b, c, d


def _counts_fault() -> InputError:
    problem = "some counts are not 0 <= events <= patients with patients > 0"
    return InputError.of("counts", "", problem, "check events and patients of each arm")
