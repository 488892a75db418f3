"""Fisher's exact test: 2 x 2 tables in batches, and any R x C table without Monte Carlo.

SciPy's own R x C test draws tables at random; a p-value in a table of characteristics should not
change with a seed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import exp, lgamma, log1p

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.core.arrays import Floats, Ints
from protocol.errors import InputError

#: Tables as probable as the observed one, up to this relative rounding error, count as extreme.
RELATIVE_TOLERANCE = 1e-7

#: Partial tables followed before the exact test is refused as too large (a few seconds).
WORK_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class FisherTest:
    """Exact p-values of 2 x 2 tables, and conditional odds ratios with their limits; shape (...).

    The odds ratio is the conditional maximum-likelihood estimate that R prints, not ad/bc: it is
    0 or infinite when the first cell is as small or as large as the margins allow.
    """

    p_value: Floats
    odds_ratio: Floats
    conf_low: Floats
    conf_high: Floats


def fisher_2x2(table: ArrayLike, *, level: float = 0.95) -> FisherTest:
    """Test independence in 2 x 2 tables of counts, (..., 2, 2), given both margins.

    Two-sided: the probability of all tables no more probable than the observed one. Limits solve
    Pr(X >= x; low) = Pr(X <= x; high) = (1 - level) / 2 in the non-central hypergeometric law.
    Fisher RA. *J R Stat Soc* 1935;98:39-54; Cornfield J. *Proc 3rd Berkeley Symp* 1956;4:135-48.

    Examples
    --------
    >>> test = fisher_2x2([[3, 1], [1, 3]])
    >>> print(f"p = {test.p_value:.4f}, odds ratio {test.odds_ratio:.2f}")
    p = 0.4857, odds ratio 6.41
    """
    counts = np.asarray(table, np.int64)
    x = counts[..., 0, 0]
    row, column, total = counts[..., 0, :].sum(-1), counts[..., :, 0].sum(-1), counts.sum((-2, -1))
    law = _Hypergeometric.of(row, column, total)
    at_one = law.probabilities(np.zeros(x.shape))
    here = np.take_along_axis(at_one, (x - law.low)[..., None], -1)
    p = np.where(at_one <= here * (1 + RELATIVE_TOLERANCE), at_one, 0).sum(-1).clip(0, 1)
    tail = np.asarray((1 - level) / 2)
    lowest, highest = x == law.low, x == law.high
    log_or = law.solve(lambda q: (q * law.support).sum(-1), x.astype(float))
    low = law.solve(lambda q: np.where(law.support >= x[..., None], q, 0).sum(-1), tail)
    high = law.solve(lambda q: -np.where(law.support <= x[..., None], q, 0).sum(-1), -tail)
    middle = np.where(lowest, 0.0, np.where(highest, np.inf, np.exp(log_or)))
    middle = np.where(lowest & highest, np.nan, middle)
    return FisherTest(
        p, middle, np.where(lowest, 0.0, np.exp(low)), np.where(highest, np.inf, np.exp(high))
    )


@dataclass(frozen=True, slots=True)
class _Hypergeometric:
    """First cells that the margins allow, padded to one length (``log_count`` -inf there)."""

    low: Ints
    high: Ints
    support: Ints
    log_count: Floats

    @classmethod
    def of(cls, row: Ints, column: Ints, total: Ints) -> "_Hypergeometric":
        low, high = np.maximum(0, row + column - total), np.minimum(row, column)
        support = low[..., None] + np.arange(int(np.max(high - low)) + 1)
        row, column, total = row[..., None], column[..., None], total[..., None]
        cells = (support, row - support, column - support, total - row - column + support)
        inside = support <= high[..., None]
        log_count = -sum(special.gammaln(np.where(inside, c, 0) + 1.0) for c in cells)
        return cls(low, high, support, np.where(inside, log_count, -np.inf))

    def probabilities(self, log_odds_ratio: Floats) -> Floats:
        """Return Pr(X = support; odds ratio), (..., k)."""
        weight = self.log_count + self.support * np.asarray(log_odds_ratio)[..., None]
        weight = np.exp(weight - weight.max(-1, keepdims=True))
        return np.asarray(weight / weight.sum(-1, keepdims=True))

    def solve(self, rising: Callable[[Floats], Floats], target: Floats) -> Floats:
        """Return the log odds ratio at which ``rising(probabilities)`` is ``target``; bisection."""
        low, high = np.full(self.low.shape, -50.0), np.full(self.low.shape, 50.0)
        for _ in range(60):
            middle = (low + high) / 2
            below = rising(self.probabilities(middle)) < target
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)


def fisher_exact(table: ArrayLike) -> float:
    """Return the exact two-sided p-value of independence in one R x C table of counts.

    The table is built line by line. A node is what the margins have left; the paths that reach it
    are merged when equally probable, counted at once when even their least probable completion is
    more probable than the observed table, and kept whole when none is.
    Mehta CR, Patel NR. *J Am Stat Assoc* 1983;78:427-34.

    Raises
    ------
    InputError
        If more than `WORK_LIMIT` partial tables would have to be followed.

    Examples
    --------
    >>> print(f"{fisher_exact([[3, 1, 0, 2], [4, 6, 1, 0], [5, 2, 2, 7]]):.6f}")
    0.072747
    """
    counts = np.asarray(table, np.int64)
    counts = counts[counts.sum(1) > 0][:, counts.sum(0) > 0]
    if min(counts.shape) < 2:
        return 1.0
    if counts.shape[0] < counts.shape[1]:
        counts = counts.T
    return _Network(counts).p_value()


Margins = tuple[int, ...]
#: Paths to a node by the rounded log of their product of 1/x!: that log unrounded, and how many.
Paths = dict[float, tuple[float, int]]


@dataclass(frozen=True, slots=True)
class _Network:
    """All tables with the margins of ``counts``, line by line; lines outnumber columns."""

    counts: Ints
    _bounds: dict[tuple[int, Margins], tuple[float, float]] = field(default_factory=dict)
    _spent: list[int] = field(default_factory=lambda: [0])

    def p_value(self) -> float:
        lines = [int(t) for t in self.counts.sum(1)]
        whole = tuple(int(t) for t in self.counts.sum(0))
        limit = -sum(lgamma(int(x) + 1) for x in self.counts.flat) + log1p(RELATIVE_TOLERANCE)
        everything = _log_sum(lines, whole)
        nodes: dict[Margins, Paths] = {whole: {0.0: (0.0, 1)}}
        p = 0.0
        for stage in range(len(lines)):
            following: dict[Margins, Paths] = {}
            for left, paths in nodes.items():
                shortest, longest = self._completions(lines, stage, left)
                rest = _log_sum(lines[stage:], left)
                undecided = []
                for path, number in paths.values():
                    if path + longest <= limit:
                        p += number * exp(path + rest - everything)
                    elif path + shortest <= limit:
                        undecided.append((path, number))
                self._branch(following, left, lines[stage], undecided)
            nodes = following
        p += sum(
            number * exp(path - everything)
            for paths in nodes.values()
            for path, number in paths.values()
            if path <= limit
        )
        return min(1.0, p)

    def _completions(self, lines: list[int], stage: int, left: Margins) -> tuple[float, float]:
        """Return the least and the greatest log product that the remaining lines can add."""
        if stage == len(lines):
            return 0.0, 0.0
        key = stage, tuple(sorted(left))
        if key not in self._bounds:
            low, high = np.inf, -np.inf
            for line in _fillings(key[1], lines[stage]):
                self._spend(1)
                here = _log_product(line)
                after = tuple(c - x for c, x in zip(key[1], line, strict=True))
                shortest, longest = self._completions(lines, stage + 1, after)
                low, high = min(low, here + shortest), max(high, here + longest)
            self._bounds[key] = low, high
        return self._bounds[key]

    def _branch(
        self,
        following: dict[Margins, Paths],
        left: Margins,
        total: int,
        undecided: list[tuple[float, int]],
    ) -> None:
        """Fill one line in every possible way and merge the paths that are equally probable."""
        for line in _fillings(left, total) if undecided else ():
            self._spend(len(undecided))
            after = tuple(c - x for c, x in zip(left, line, strict=True))
            here = _log_product(line)
            paths = following.setdefault(after, {})
            for path, number in undecided:
                longer = path + here
                first, already = paths.get(round(longer, 9), (longer, 0))
                paths[round(longer, 9)] = first, already + number

    def _spend(self, work: int) -> None:
        self._spent[0] += work
        if self._spent[0] > WORK_LIMIT:
            raise _too_large(self.counts.shape)


def _too_large(shape: tuple[int, ...]) -> InputError:
    size = " x ".join(map(str, shape))
    cure = "merge rare categories, or use the chi-square test"
    return InputError.of("Fisher's exact test", "", f"the {size} table is too large to count", cure)


def _log_product(line: Margins) -> float:
    return -sum(lgamma(x + 1) for x in line)


def _log_sum(lines: list[int], left: Margins) -> float:
    """Return the log of the sum, over all tables with these margins, of the products of 1/x!."""
    return lgamma(sum(lines) + 1) + _log_product(tuple(lines)) + _log_product(left)


def _fillings(left: Margins, total: int) -> Iterator[Margins]:
    """Yield every line of counts with this total in which no column takes more than it has left."""
    if len(left) == 1:
        yield (total,)
        return
    others = sum(left[1:])
    for first in range(max(0, total - others), min(left[0], total) + 1):
        for rest in _fillings(left[1:], total - first):
            yield (first, *rest)
