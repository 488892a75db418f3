"""Fisher's exact test of any R x C table by the network algorithm.

Mehta CR, Patel NR. *J Am Stat Assoc* 1983;78:427-34.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import exp, lgamma, log1p

import numpy as np

from estimate.comparison.exact.two_by_two import RELATIVE_TOLERANCE
from estimate.core.arrays import Ints

#: Partial tables followed before a table counts as too large (a few seconds).
WORK_LIMIT = 1_000_000


class TooLargeError(Exception):
    """More than `WORK_LIMIT` partial tables would have to be followed."""


Margins = tuple[int, ...]
#: Paths to a node by the rounded log of their product of 1/x!: that log unrounded, and how many.
Paths = dict[float, tuple[float, int]]


@dataclass(frozen=True, slots=True)
class Network:
    """All tables with the margins of ``counts``, line by line; lines outnumber columns.

    A node is the remaining margin; the paths that reach it are merged if equally probable, excluded
    together if even their least probable completion is more probable than the observed table, and
    counted together if no completion is.
    """

    counts: Ints
    _bounds: dict[tuple[int, Margins], tuple[float, float]] = field(default_factory=dict)
    _spent: list[int] = field(default_factory=lambda: [0])

    def p_value(self) -> float:
        """Return the probability of all tables as extreme as ``counts``.

        Raises
        ------
        TooLargeError
            If more than `WORK_LIMIT` partial tables would have to be followed.
        """
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
            raise TooLargeError


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
