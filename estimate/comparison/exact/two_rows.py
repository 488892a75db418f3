"""Fisher's exact test of two rows and any number of columns, in log space.

Given both margins, the first row of a 2 x C table is drawn from independent binomials whose sum is
fixed. So the columns are halved: for each sum of the first half, the partial tables of one half are
sorted by probability, and those of the other half are looked up among them. That follows the square
root of the number of tables. Only partial tables that may be more probable than the observed one
are followed (or, where the p-value is tiny, those less probable); the bounds are the longest paths
of the network algorithm, exact here because log binomial coefficients are concave.

Mehta CR, Patel NR. *J Am Stat Assoc* 1983;78:427-34; Horowitz E, Sahni S. *J ACM* 1974;21:277-92.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np

from estimate.core.arrays import Floats, Ints

#: Below this the complement of the more probable tables would lose digits: others are added up.
SMALLEST_COMPLEMENT = 1e-5

#: Tables less probable than the observed one by this log ratio are neglected.
NEGLIGIBLE = 28.0


#: Partial tables followed before a table counts as too large (a few seconds).
WORK_LIMIT = 2e7


@dataclass(frozen=True, slots=True)
class Half:
    """Some of the columns: log probabilities of their cells, most probable cell 0.

    ``best`` holds the greatest log probability of all cells together by their sum, ``rest`` the
    half without its first cell.
    """

    cells: tuple[Floats, ...]
    best: Floats
    rest: "Half | None"

    @classmethod
    def of(cls, cells: tuple[Floats, ...]) -> "Half":
        """Return a half; the steps of concave sequences, sorted, are those of their best sum."""
        start = sum(float(cell[0]) for cell in cells)
        steps = np.concatenate([np.diff(cell) for cell in cells])
        rest = cls.of(cells[1:]) if len(cells) > 1 else None
        return cls(cells, start + np.cumsum(np.r_[0.0, -np.sort(-steps)]), rest)

    def paths(self, total: int, threshold: float) -> Floats:
        """Return the log probabilities beyond ``threshold`` of cells that add up to ``total``."""
        head, rest = self.cells[0], self.rest
        if rest is None:
            only = head[total : total + 1]
            return only[only > threshold]
        x = _reachable(head, rest.best, total, threshold)
        if rest.rest is None:
            return np.asarray(head[x] + rest.best[total - x])
        parts = [head[i] + rest.paths(total - i, threshold - head[i]) for i in x.tolist()]
        return np.concatenate(parts) if parts else np.empty(0)


def _reachable(head: Floats, best: Floats, total: int, threshold: float) -> Ints:
    """Return the first cells from which the rest can end beyond ``threshold``."""
    x = np.arange(max(0, total - len(best) + 1), min(len(head) - 1, total) + 1)
    return np.asarray(x[head[x] + best[total - x] > threshold])


@dataclass(frozen=True, slots=True)
class TwoRows:
    """The law of the first row of a table with two rows, given both margins.

    ``limit`` is the log probability up to which tables count as extreme; ``mass`` the sum of the
    probabilities of all tables, which are known up to a factor.
    """

    cells: tuple[Floats, ...]
    first: Half
    second: Half
    row: int
    limit: float
    mass: float

    @classmethod
    def of(cls, counts: Ints, tolerance: float) -> "TwoRows":
        """Return the law of ``counts`` (2, C); the row with fewer patients is followed."""
        counts = counts[np.argsort(counts.sum(1), kind="stable")]
        counts = counts[:, np.argsort(-counts.sum(0), kind="stable")]
        row, total, columns = int(counts[0].sum()), int(counts.sum()), counts.sum(0)
        tilt = np.log(row) - np.log(total - row)
        cells = [_cell(int(c), min(int(c), row), float(tilt)) for c in columns]
        limit = sum(float(cell[x]) for cell, x in zip(cells, counts[0], strict=True))
        mass = reduce(lambda a, b: np.convolve(a, b)[: row + 1], map(np.exp, cells))[row]
        # alternate wide and narrow columns: both halves have about the same number of tables
        size = len(cells) // 2
        first = [*range(0, size, 2), *range(len(cells) - 1, len(cells) - 1 - size // 2, -1)][:size]
        halves = [
            Half.of(tuple(cells[j] for j in range(len(cells)) if (j in first) == inside))
            for inside in (True, False)
        ]
        return cls(tuple(cells), halves[0], halves[1], row, limit + tolerance, float(mass))

    def work(self, threshold: float) -> float:
        """Return about how many partial tables have a log probability beyond ``threshold``."""
        best = self._best()
        total = 0.0
        for half, other in ((self.first, self.second), (self.second, self.first)):
            spans = [float(np.count_nonzero(cell + best > threshold)) for cell in half.cells]
            sums = np.count_nonzero(half.best + other.best.max() > threshold)
            total += float(min(np.prod(spans), np.prod(spans[1:]) * sums))
        return total

    def _best(self) -> float:
        x = np.arange(len(self.first.best))
        x = x[(self.row - x >= 0) & (self.row - x < len(self.second.best))]
        return float((self.first.best[x] + self.second.best[self.row - x]).max())

    def p_value(self) -> float | None:
        """Return the probability of all tables as extreme as the observed; None if too many."""
        if self.work(self.limit) > WORK_LIMIT:
            return None
        p = 1.0 - self._sum(self.limit, more_probable=True) / self.mass
        if p >= SMALLEST_COMPLEMENT:
            return min(1.0, p)
        threshold = self.limit - NEGLIGIBLE
        if self.work(threshold) > WORK_LIMIT:
            return None
        return self._sum(threshold, more_probable=False) / self.mass

    def _sum(self, threshold: float, more_probable: bool) -> float:
        """Add up the tables more probable than the limit, or the others beyond ``threshold``."""
        return sum(
            _joined(one, other, self.limit, more_probable) for one, other in self._halves(threshold)
        )

    def _halves(self, threshold: float) -> Iterator[tuple[Floats, Floats]]:
        """Yield the partial tables of both halves for each sum of the first."""
        for total in range(max(0, self.row - len(self.second.best) + 1), len(self.first.best)):
            if total > self.row:
                return
            first, second = self.first.best[total], self.second.best[self.row - total]
            if first + second > threshold:
                one = self.first.paths(total, threshold - second)
                other = self.second.paths(self.row - total, threshold - first)
                yield one, other


def _cell(column: int, most: int, tilt: float) -> Floats:
    """Return log binomial weights of 0 .. most in a cell, tilted to its expected count."""
    x = np.arange(1, most + 1)
    weight = np.cumsum(np.r_[0.0, np.log((column - x + 1) / x) + tilt])
    return np.asarray(weight - weight.max())


def _joined(one: Floats, other: Floats, limit: float, more_probable: bool) -> float:
    """Add up the products of all pairs beyond the limit, or of those up to it."""
    if len(one) > len(other):
        one, other = other, one
    one = np.sort(one)
    below = np.r_[0.0, np.cumsum(np.exp(one))]
    place = np.searchsorted(one, limit - other, side="right")
    mass = below[-1] - below[place] if more_probable else below[place]
    return float(np.exp(other) @ mass)
