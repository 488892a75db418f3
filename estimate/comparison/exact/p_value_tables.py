"""P-values of exact tests for every 2 x 2 table of two arms of given sizes.

Fisher's test is conditional on both margins. Barnard's and Boschloo's tests are unconditional: the
p-value of a table is the largest probability, over the common risk, of all tables at least as
extreme (Suissa S, Shuster JJ. *J R Stat Soc A* 1985;148:317-27). Barnard's test orders tables by
the pooled z statistic, Boschloo's by Fisher's one-sided p-value (Boschloo RD. *Stat Neerl*
1970;24:1-9), so that it is never less powerful than Fisher's test.
"""

from functools import lru_cache
from typing import Literal

import numpy as np
from scipy.special import ndtri

from estimate.comparison.exact.binomial_tables import binomial_masses, log_ways, pooled_z
from estimate.core.arrays import Floats, Ints
from protocol.errors import InputError

ExactTest = Literal["fisher", "fisher-mid-p", "barnard", "boschloo"]

#: Tests whose p-value is a supremum over the common risk.
UNCONDITIONAL: tuple[ExactTest, ...] = ("barnard", "boschloo")

#: Patients of both arms for whom unconditional p-values of all tables are computed.
LARGEST_UNCONDITIONAL = 1000

#: Probabilities equal in exact arithmetic differ by this factor at most.
EQUAL = 1e-7

#: Points of the common risk per root of the number of patients, evenly spaced in the arcsine of the
#: root of the risk: seven per standard deviation of an observed risk.
POINTS_PER_ROOT = 16

#: Differences of ordering statistics that are rounding.
_SAME = 1e-9

#: P-values below this are not told apart.
_MIN_P = 1e-300


@lru_cache(maxsize=128)
def exact_p_values(test: ExactTest, n1: int, n2: int, sides: int) -> Floats:
    """Return the p-value of every table, (n1 + 1, n2 + 1); the array is kept and cannot be written.

    Parameters
    ----------
    n1, n2
        Patients of arm 1 and arm 2.
    sides
        1: the alternative is a higher risk in arm 1. 2: any difference. Two-sided, Fisher's test
        adds the tables that are not likelier, as R does; Barnard's orders tables by abs(z);
        Boschloo's doubles the smaller one-sided p-value. Mid-p counts tables as likely as the
        observed one by half.

    Examples
    --------
    >>> for test in ("fisher", "fisher-mid-p", "barnard", "boschloo"):
    ...     print(f"{test} {exact_p_values(test, 15, 15, 1)[12, 7]:.4f}")
    fisher 0.0641
    fisher-mid-p 0.0373
    barnard 0.0341
    boschloo 0.0341

    Raises
    ------
    InputError
        The arms are too large for an unconditional test.
    """
    if test in ("fisher", "fisher-mid-p"):
        found = fisher_p_values(n1, n2, sides=sides, mid_p=test == "fisher-mid-p")
    else:
        _check_size(test, n1 + n2, LARGEST_UNCONDITIONAL)
        found = _unconditional(test, n1, n2, sides)
    found.flags.writeable = False
    return found


def fisher_p_values(n1: int, n2: int, *, sides: int = 1, mid_p: bool = False) -> Floats:
    """Return Fisher's p-value of every table, as `exact_p_values` describes it."""
    total, x1 = np.arange(n1 + n2 + 1)[:, None], np.arange(n1 + 1)
    x2 = total - x1
    inside = (x2 >= 0) & (x2 <= n2)
    ways = log_ways(n1)[x1] + log_ways(n2)[np.clip(x2, 0, n2)] - log_ways(n1 + n2)[total]
    chance = np.where(inside, np.exp(ways), 0.0)  # given the total, (total, x1)
    if sides == 2:
        p = _not_likelier(chance, mid_p=mid_p)
    else:
        p = chance[:, ::-1].cumsum(1)[:, ::-1] - (chance / 2 if mid_p else 0.0)
    at_total, at_x1 = np.nonzero(inside)
    table = np.empty((n1 + 1, n2 + 1))
    table[at_x1, at_total - at_x1] = np.minimum(p[at_total, at_x1], 1.0)
    return table


def unconditional_p_value(test: ExactTest, x1: int, n1: int, x2: int, n2: int) -> float:
    """Return the two-sided unconditional p-value of one table.

    >>> p = unconditional_p_value("barnard", 7, 15, 12, 15)
    >>> print(f"{p:.4f}")
    0.0682
    """
    if test == "boschloo":
        one = _tail(_ordering(test, n1, n2, 1), x1, x2)
        other = _tail(_ordering(test, n2, n1, 1), x2, x1)
        return min(1.0, 2 * min(one, other))
    return _tail(_ordering(test, n1, n2, 2), x1, x2)


def exact_z(test: ExactTest, x1: Ints, n1: Ints, x2: Ints, n2: Ints, sides: int) -> Floats:
    """Return the normal quantiles of exact p-values, positive if arm 1 has the higher risk.

    A one-sided p-value is the upper tail of the quantile, a two-sided one both tails.

    Parameters
    ----------
    x1, n1, x2, n2
        (...) events and patients per arm, at least one patient in each.
    """
    columns = [np.asarray(each, np.int64) for each in np.broadcast_arrays(x1, n1, x2, n2)]
    shape = columns[0].shape
    x1, n1, x2, n2 = (each.ravel() for each in columns)
    p = np.empty(x1.size)
    sizes, back = np.unique(np.stack([n1, n2]), axis=1, return_inverse=True)
    for k, (first, second) in enumerate(sizes.T.tolist()):
        here = back.ravel() == k
        p[here] = exact_p_values(test, first, second, sides)[x1[here], x2[here]]
    p = np.clip(p, _MIN_P, 1.0)
    if sides == 1:
        z = -ndtri(np.minimum(p, 1 - 1e-16))
    else:
        z = -ndtri(p / 2) * np.sign(x1 * n2 - x2 * n1)
    return np.reshape(np.asarray(z, float) + 0.0, shape)


def _unconditional(test: ExactTest, n1: int, n2: int, sides: int) -> Floats:
    if test == "boschloo" and sides == 2:
        up = exact_p_values(test, n1, n2, 1)
        down = exact_p_values(test, n2, n1, 1).T
        return np.asarray(np.minimum(1.0, 2 * np.minimum(up, down)))
    return _largest_tails(_ordering(test, n1, n2, sides))


def _ordering(test: ExactTest, n1: int, n2: int, sides: int) -> Floats:
    """Return a statistic of every table that is larger for more extreme ones."""
    if test == "barnard":
        z = pooled_z(n1, n2)
        return np.asarray(np.abs(z) if sides == 2 else z)
    return -np.log(np.maximum(fisher_p_values(n1, n2), _MIN_P))


def _largest_tails(extreme: Floats) -> Floats:
    """Return for each table the largest probability of tables at least as extreme."""
    n1, n2 = extreme.shape[0] - 1, extreme.shape[1] - 1
    order = np.argsort(-extreme, axis=None, kind="stable")
    ranked = extreme.ravel()[order]
    last = np.flatnonzero(np.append(ranked[:-1] - ranked[1:] > _SAME, True))
    peaks = _Peaks(last.size)
    for first, second in zip(*_masses_on_grid(n1, n2), strict=True):
        heaped = np.outer(first, second).ravel()[order].cumsum()
        peaks.add(heaped[last])
    found = np.empty(order.size)
    found[order] = np.repeat(peaks.refined(), np.diff(last, prepend=-1))
    return np.minimum(found, 1.0).reshape(extreme.shape)


def _tail(extreme: Floats, x1: int, x2: int) -> float:
    """Return the largest probability of tables at least as extreme as one."""
    n1, n2 = extreme.shape[0] - 1, extreme.shape[1] - 1
    beyond = (extreme >= extreme[x1, x2] - _SAME).astype(float)
    first, second = _masses_on_grid(n1, n2)
    peaks = _Peaks(1)
    for value in ((first @ beyond) * second).sum(1):
        peaks.add(np.array([value]))
    return min(float(peaks.refined()[0]), 1.0)


def _masses_on_grid(n1: int, n2: int) -> tuple[Floats, Floats]:
    """Return (point, count) binomial probabilities of both arms at each common risk."""
    points = int(np.ceil(POINTS_PER_ROOT * np.sqrt(n1 + n2)))
    risk = np.sin(np.linspace(0, np.pi / 2, points + 1)) ** 2
    return binomial_masses(n1, risk), binomial_masses(n2, risk)


class _Peaks:
    """Largest values of curves that are read point by point, between the points by a quartic."""

    def __init__(self, curves: int) -> None:
        #: the largest point with two points on either side
        self._near = np.full((5, curves), np.nan)
        self._near[2] = 0.0
        self._before = np.full((2, curves), np.nan)
        self._age = np.full(curves, 9)

    def add(self, value: Floats) -> None:
        """Read the next point of every curve."""
        self._age += 1
        for age in (1, 2):
            self._near[2 + age] = np.where(self._age == age, value, self._near[2 + age])
        new = value > self._near[2]
        fresh = np.stack([*self._before, value, np.full_like(value, np.nan), value * np.nan])
        self._near = np.where(new, fresh, self._near)
        self._age[new] = 0
        self._before = np.stack([self._before[1], value])

    def refined(self) -> Floats:
        """Return the peaks."""
        between = lagrange_weights(np.linspace(-1, 1, 41)) @ self._near
        return np.asarray(np.fmax(self._near[2], between.max(0)))


def lagrange_weights(place: Floats) -> Floats:
    """Return (place, 5) weights that interpolate values at -2, -1, 0, 1 and 2.

    >>> (lagrange_weights(np.array([1.0])).round(9) + 0.0).tolist()
    [[0.0, 0.0, 0.0, 1.0, 0.0]]
    """
    nodes = np.arange(-2, 3)
    weights = [
        np.prod([(place - other) / (node - other) for other in nodes if other != node], axis=0)
        for node in nodes
    ]
    return np.stack(weights, -1)


def _not_likelier(chance: Floats, *, mid_p: bool) -> Floats:
    """Return for each table the probability of all tables of its row that are not likelier."""
    order = np.argsort(chance, axis=1, kind="stable")
    rising = np.take_along_axis(chance, order, 1)
    heaped = rising.cumsum(1)
    # Probabilities this close are equal in exact arithmetic: take the sum up to the last of them.
    apart = np.pad(
        np.diff(rising, axis=1) > EQUAL * rising[:, 1:], ((0, 0), (0, 1)), constant_values=True
    )
    up_to = np.where(apart, heaped, np.inf)
    up_to = np.minimum.accumulate(up_to[:, ::-1], axis=1)[:, ::-1]
    if mid_p:
        below = np.where(np.pad(apart[:, :-1], ((0, 0), (1, 0)), constant_values=True),
                         heaped - rising, 0.0)  # fmt: skip
        up_to = (up_to + np.maximum.accumulate(below, axis=1)) / 2
    p = np.empty_like(chance)
    np.put_along_axis(p, order, up_to, 1)
    return p


def _check_size(test: str, patients: int, most: int) -> None:
    if patients > most:
        problem = f"{patients:,} patients are too many for the exact test {test}"
        cure = f"compare up to {most:,} patients by it, or choose fisher or unadjusted"
        raise InputError.of("analysis", "method", problem, cure)
