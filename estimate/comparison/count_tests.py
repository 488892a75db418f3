"""Methods that need no more than the counts of two arms: score tests and exact tests.

One table of names serves every command: the same method gives the same estimate, test and interval
in an analysis plan and in a trial design.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from scipy.special import ndtr, ndtri

from estimate.comparison.contingency import count
from estimate.comparison.exact.p_value_tables import (
    UNCONDITIONAL,
    ExactTest,
    exact_p_values,
    exact_z,
    unconditional_p_value,
)
from estimate.comparison.exact.two_by_two import central_p_values, fisher_2x2
from estimate.comparison.risk_difference import compare_arms, hypothesis_z, score_interval
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats, Ints
from estimate.core.estimand import Estimand
from estimate.core.result import Z95, Estimate, assemble
from protocol.errors import InputError

CountMethod = Literal["unadjusted", "risk-ratio", "fisher", "fisher-mid-p", "barnard", "boschloo"]

COUNT_METHODS: tuple[CountMethod, ...] = get_args(CountMethod)

EXACT_TESTS: tuple[ExactTest, ...] = get_args(ExactTest)

#: Patients of both arms of one table that an unconditional test takes.
LARGEST_SINGLE = 4000

_NAMES: dict[str, str] = {
    "fisher": "Fisher, exact", "fisher-mid-p": "Fisher, mid-p",
    "barnard": "Barnard, exact", "boschloo": "Boschloo, exact",
}  # fmt: skip

#: P-values below this are not told apart.
_MIN_P = 1e-300


@dataclass(frozen=True, slots=True)
class CountTest:
    """A test of two arms by their counts, arm 1 being the treated.

    Attributes
    ----------
    sides
        Of the test; exact one-sided and two-sided tests order tables differently.
    nulls
        Limits of the null hypothesis about the risk difference, as for `hypothesis_z`.
    """

    method: CountMethod
    sides: int = 2
    nulls: Sequence[float] = (0.0,)

    def z(self, x1: Ints, n1: Ints, x2: Ints, n2: Ints) -> Floats:
        """Return (...) statistics in favour of arm 1; NaN where an arm is empty.

        That of an exact test is the normal quantile of its p-value.

        >>> test = CountTest("barnard", sides=1)
        >>> counts = [np.array([each]) for each in (12, 15, 7, 15)]
        >>> print(f"{test.z(*counts)[0]:.4f}")
        1.8236
        """
        x1, n1, x2, n2 = (np.asarray(a) for a in np.broadcast_arrays(x1, n1, x2, n2))
        empty = (n1 < 1) | (n2 < 1)
        m1, m2 = np.maximum(n1, 1), np.maximum(n2, 1)
        e1, e2 = np.where(empty, 0, x1), np.where(empty, 0, x2)
        if self.method in EXACT_TESTS:
            z = exact_z(self.method, e1, m1, e2, m2, self.sides)
        else:
            z = hypothesis_z(e1, m1, e2, m2, self.nulls)
        return np.asarray(np.where(empty, np.nan, z))

    def compare(self, x1: Ints, n1: Ints, x2: Ints, n2: Ints, estimand: Estimand) -> Estimate:
        """Return estimate, interval and test of each table.

        A table whose ratio is not finite has no estimate, but its test counts.
        """
        z = self.z(x1, n1, x2, n2)
        p = ndtr(-z) if len(self.nulls) == 2 else 2 * ndtr(-np.abs(z))
        found = _estimate(self.method, x1, n1, x2, n2, estimand, p)
        test = _NAMES.get(self.method, found.test)
        return replace(found, statistic=z, p_value=p, converged=np.isfinite(z), test=test)


def compare_by_counts(data: AnalysisSet, method: CountMethod) -> Estimate:
    """Return the two-sided comparison of an analysis set by a method of this module.

    An exact test has a p-value also where the estimate is not finite.

    Examples
    --------
    >>> from estimate.core.complete_cases import analysis_set
    >>> rows = {"arm": [1] * 15 + [0] * 15, "won": [1] * 12 + [0] * 3 + [1] * 7 + [0] * 8}
    >>> data = analysis_set(rows, treatment="arm", outcome="won")
    >>> found = compare_by_counts(data, "boschloo")
    >>> print(f"{found.estimate:.3f}, p = {found.p_value:.4f}")
    0.333, p = 0.0682
    """
    table = count(data)
    x1, n1, x2, n2 = (
        np.asarray(each, np.int64)
        for each in (table.treated_yes, table.treated, table.untreated_yes, table.untreated)
    )
    estimand = data.question("all patients", "unadjusted")
    if method not in EXACT_TESTS:
        return _estimate(method, x1, n1, x2, n2, estimand)
    p, sign = _two_sided(method, np.stack([x1, n1, x2, n2])), np.sign(x1 * n2 - x2 * n1)
    found = _estimate(method, x1, n1, x2, n2, estimand, p)
    z = -ndtri(np.clip(p, _MIN_P, 1.0) / 2) * sign + 0.0
    return replace(found, statistic=z, p_value=p, test=_NAMES[method])


def _two_sided(method: ExactTest, given: Ints) -> Floats:
    """Return (...) two-sided exact p-values, NaN where an arm is empty."""
    tables, back = np.unique(given.reshape(4, -1), axis=1, return_inverse=True)
    found = [_p_value(method, *each) for each in tables.T.tolist()]
    return np.asarray(found)[back.ravel()].reshape(given.shape[1:])


def _p_value(method: ExactTest, x1: int, n1: int, x2: int, n2: int) -> float:
    if min(n1, n2) < 1:
        return float("nan")
    if method in UNCONDITIONAL:
        if n1 + n2 > LARGEST_SINGLE:
            problem = f"{n1 + n2:,} patients are too many for the exact test {method}"
            cure = f"compare up to {LARGEST_SINGLE:,} patients by it, or choose fisher"
            raise InputError.of("analysis", "methods", problem, cure)
        return unconditional_p_value(method, x1, n1, x2, n2)
    return float(exact_p_values(method, n1, n2, 2)[x1, x2])


def _estimate(
    method: CountMethod,
    x1: Ints,
    n1: Ints,
    x2: Ints,
    n2: Ints,
    estimand: Estimand,
    p: Floats | None = None,
) -> Estimate:
    """Return estimate and interval; that of an exact test agrees with its p-values ``p``."""
    if p is not None and method in ("fisher", "fisher-mid-p"):
        return _conditional_odds_ratio(x1, n1, x2, n2, estimand, p, mid_p=method == "fisher-mid-p")
    ratio = method == "risk-ratio"
    found = compare_arms(
        x1, n1, x2, n2, estimand, measure="risk ratio" if ratio else "risk difference",
        variance="Farrington-Manning", method=method,
    )  # fmt: skip
    if p is not None and method in UNCONDITIONAL:
        return _agreeing(found, x1, n1, x2, n2, p)
    return replace(found, interval="score (Koopman)") if ratio else found


def _agreeing(found: Estimate, x1: Ints, n1: Ints, x2: Ints, n2: Ints, p: Floats) -> Estimate:
    """Return a risk difference with the score interval whose test of no effect has p-value ``p``.

    The critical value of the score test is multiplied by the ratio of the score statistic to the
    normal quantile of the exact p-value.
    """
    exact = -ndtri(np.clip(p, _MIN_P, 1.0) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(found.statistic) / exact
    bound = Z95 * np.where(np.isfinite(ratio) & (ratio > 0), ratio, 1.0)
    filled = [np.maximum(each, minimum) for each, minimum in ((x1, 0), (n1, 1), (x2, 0), (n2, 1))]
    low, high = score_interval(*filled, variance="Farrington-Manning", z=bound)
    return replace(
        found, conf_low=np.where(n1 * n2 > 0, low, np.nan),
        conf_high=np.where(n1 * n2 > 0, high, np.nan),
        interval="score, critical value of the exact test",
    )  # fmt: skip


def _conditional_odds_ratio(
    x1: Ints, n1: Ints, x2: Ints, n2: Ints, estimand: Estimand, p: Floats, *, mid_p: bool
) -> Estimate:
    """Return the odds ratio given both margins, with Cornfield's interval and Woolf's error.

    The tails of the interval are those of level 95 %, times the ratio of the central p-value to
    ``p``: the interval excludes 1 if and only if ``p`` is below 0.05.
    """
    cells = np.stack([x1, n1 - x1, x2, n2 - x2], -1).astype(float)
    table = cells.reshape(*cells.shape[:-1], 2, 2)
    central = central_p_values(table, mid_p=mid_p)
    with np.errstate(divide="ignore", invalid="ignore"):
        outside = 0.05 * np.where(p > 0, central / p, 1.0)
    outside = np.where(np.isfinite(outside), np.minimum(outside, 0.999), 0.05)
    test = fisher_2x2(table, level=1 - outside, mid_p=mid_p)
    with np.errstate(divide="ignore", invalid="ignore"):
        log, low, high = (np.log(each) for each in (test.odds_ratio, test.conf_low, test.conf_high))
        error = np.sqrt((1 / cells).sum(-1))
        z = log / error
    kind = "mid-p tails" if mid_p else "exact tails (Cornfield)"
    found = assemble(
        estimand.as_("odds ratio"), "fisher-mid-p" if mid_p else "fisher", "odds ratio",
        value=log, std_error=error, statistic=z, p_value=test.p_value, low=low, high=high,
        n=n1 + n2, interval=f"{kind}, agreeing with p",
        converged=np.isfinite(log) & (n1 > 0) & (n2 > 0), test=_NAMES["fisher"],
    )  # fmt: skip
    known = (n1 > 0) & (n2 > 0)  # a limit may be 0 or infinite, as the estimate
    return replace(
        found, conf_low=np.where(known, test.conf_low, np.nan),
        conf_high=np.where(known, test.conf_high, np.nan),
    )  # fmt: skip
