"""Fisher's exact test of any table of counts: enumerated, or simulated where too large.

SciPy's own R x C test draws tables at random; a p-value in a table of characteristics should not
depend on a seed, nor have a Monte Carlo error if it can be computed exactly.
"""

from dataclasses import dataclass
from math import log1p

import numpy as np
from numpy.typing import ArrayLike

from estimate.comparison.exact.monte_carlo import draw_tables, draw_two_rows
from estimate.comparison.exact.network import Network, TooLargeError
from estimate.comparison.exact.two_by_two import RELATIVE_TOLERANCE
from estimate.comparison.exact.two_rows import TwoRows
from estimate.core.arrays import Ints
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class TableTest:
    """The two-sided p-value of a table, and its Monte Carlo standard error.

    ``mcse`` is None if all tables were enumerated.
    """

    p_value: float
    mcse: float | None = None

    @property
    def method(self) -> str:
        """Name the test; a simulated p-value is named as such, with its error."""
        if self.mcse is None:
            return "Fisher exact"
        return f"Fisher, Monte Carlo (MCSE {self.mcse:.1g})"


def fisher_table(table: ArrayLike) -> TableTest:
    """Test independence in one R x C table of counts, given both margins.

    Two-sided: the probability of all tables no more probable than the observed one. Tables of two
    rows (or two columns) are counted up to tens of thousands of patients, others by the network
    algorithm. Beyond that, 100,000 tables are drawn by fixed random numbers.

    Examples
    --------
    >>> test = fisher_table([[1030, 510, 240, 220], [980, 560, 230, 250]])
    >>> print(f"{test.method}: P = {test.p_value:.4f}")
    Fisher exact: P = 0.1324
    """
    counts = _without_empty(table)
    if min(counts.shape) < 2:
        return TableTest(1.0)
    exact = _enumerate(counts)
    if exact is not None:
        return TableTest(exact)
    if len(counts) == 2:
        return TableTest(*draw_two_rows(TwoRows.of(counts, log1p(RELATIVE_TOLERANCE))))
    return TableTest(*draw_tables(counts, log1p(RELATIVE_TOLERANCE)))


def fisher_exact(table: ArrayLike) -> float:
    """Return the exact two-sided p-value of independence in one R x C table of counts.

    As `fisher_table`, but never simulated.

    Raises
    ------
    InputError
        If too many tables would have to be counted.

    Examples
    --------
    >>> print(f"{fisher_exact([[3, 1, 0, 2], [4, 6, 1, 0], [5, 2, 2, 7]]):.6f}")
    0.072747
    """
    counts = _without_empty(table)
    if min(counts.shape) < 2:
        return 1.0
    exact = _enumerate(counts)
    if exact is None:
        size = " x ".join(map(str, counts.shape))
        cure = "merge rare categories, or simulate the test with `fisher_table`"
        problem = f"the {size} table is too large to count"
        raise InputError.of("Fisher's exact test", "", problem, cure)
    return exact


def _without_empty(table: ArrayLike) -> Ints:
    """Return the counts without empty lines; columns are at least as many as rows."""
    counts = np.asarray(table, np.int64)
    counts = counts[counts.sum(1) > 0][:, counts.sum(0) > 0]
    return np.asarray(counts if counts.shape[0] <= counts.shape[1] else counts.T)


def _enumerate(counts: Ints) -> float | None:
    """Return the exact p-value, or None if too many tables would have to be counted."""
    if len(counts) == 2:
        return TwoRows.of(counts, log1p(RELATIVE_TOLERANCE)).p_value()
    try:
        return Network(counts.T).p_value()
    except TooLargeError:
        return None
