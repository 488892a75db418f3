"""Fisher's test by simulated tables with the observed margins, where there are too many to count.

The random numbers are fixed, so that a table has one p-value; its standard error measures the
distance from the exact one.
"""

import numpy as np

from estimate.comparison.exact.two_rows import TwoRows
from estimate.core.arrays import Floats, Ints

#: Tables drawn: the standard error of a p-value of 0.05 is then 0.0007.
TABLES = 100_000

#: Seed of the fixed random numbers.
SEED = 1935


def draw_tables(counts: Ints, tolerance: float, tables: int = TABLES) -> tuple[float, float]:
    """Return the p-value of an R x C table and its standard error, from random tables.

    The observed table counts as one of the draws, so that no p-value is 0.
    Patefield WM. *J R Stat Soc C* 1981;30:91-7.
    """
    from scipy.special import gammaln
    from scipy.stats import random_table  # slow to load; few tables need it

    law = random_table(counts.sum(1), counts.sum(0))
    limit = -gammaln(counts + 1.0).sum() + tolerance
    generator, extreme = np.random.default_rng(SEED), 0
    for first in range(0, tables, 10_000):
        drawn = law.rvs(min(10_000, tables - first), random_state=generator)
        extreme += int(np.count_nonzero(-gammaln(drawn + 1.0).sum((1, 2)) <= limit))
    p = (1 + extreme) / (1 + tables)
    return p, float(np.sqrt(p * (1 - p) / tables))


def draw_two_rows(law: TwoRows, tables: int = TABLES) -> tuple[float, float]:
    """Return the p-value of a table of two rows and its standard error, from weighted tables.

    Importance sampling: cells are drawn with a power of their probabilities, chosen so that a
    typical table is about as extreme as the observed one, and reweighted. Small p-values then have
    the same relative error as others.
    """
    cells = law.cells
    power = min(1.0, (len(cells) - 1) / (2 * max(-law.limit, 1e-9)))
    flat = [np.exp(power * cell) for cell in cells]
    reached = [np.ones(1)]
    for weight in flat:  # sums of the cells so far: weights of all ways to reach them
        reached.append(np.convolve(reached[-1], weight)[: law.row + 1])
    generator = np.random.default_rng(SEED)
    left, log_weight = np.full(tables, law.row), np.zeros(tables)
    for cell, weight, before in zip(cells[::-1], flat[::-1], reached[-2::-1], strict=True):
        x = _draw_cell(weight, before, left, generator.random(tables))
        log_weight += cell[x]
        left -= x
    scale = reached[-1][law.row] / law.mass
    value = np.where(log_weight <= law.limit, np.exp((1 - power) * log_weight) * scale, 0.0)
    return min(1.0, float(value.mean())), float(value.std(ddof=1) / np.sqrt(tables))


def _draw_cell(weight: Floats, before: Floats, left: Ints, uniform: Floats) -> Ints:
    """Return one cell of every table, given the remaining margin and the previous cells."""
    found = np.empty_like(left)
    order = np.argsort(left, kind="stable")
    sums, starts = np.unique(left[order], return_index=True)
    for total, who in zip(sums.tolist(), np.split(order, starts[1:]), strict=True):
        low, high = max(0, total - len(before) + 1), min(len(weight) - 1, total)
        share = np.cumsum(weight[low : high + 1] * before[total - high : total - low + 1][::-1])
        place = np.searchsorted(share, uniform[who] * share[-1], side="right")
        found[who] = low + np.minimum(place, high - low)
    return found
