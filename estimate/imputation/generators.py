"""Random numbers of the chains: each data set may have its own generator."""

from collections.abc import Callable, Sequence

import numpy as np

from estimate.core.arrays import Floats
from protocol.errors import InputError

#: One generator for all data sets, or one for each: a batch then gives the same results as separate
#: calls, if all of them have missing values in the same columns.
Generators = np.random.Generator | Sequence[np.random.Generator]


def generators_of(rng: Generators, sets: int) -> Generators:
    """Return ``rng``; refuse a number of generators that is not that of the data sets."""
    if not isinstance(rng, np.random.Generator) and len(rng) != sets:
        cure = f"give one, or one for each of {sets} data sets"
        raise InputError.of("imputation", "rng", f"{len(rng)} generators were given", cure)
    return rng


class Dice:
    """Random numbers, drawn for each data set from its own generator if it has one.

    All draws have the full length n, so that the numbers of a data set do not depend on its batch.
    """

    __slots__ = ("imputations", "n", "parts")

    def __init__(self, rng: Generators, sets: int, imputations: int, n: int) -> None:
        if isinstance(rng, np.random.Generator):
            self.parts = [(rng, sets)]
        else:
            self.parts = [(each, 1) for each in rng]
        self.imputations, self.n = imputations, n

    def uniform(self) -> Floats:
        """Return (chain, n) uniform numbers."""
        return self._stack(lambda rng, count: rng.random((count, self.n)))

    def normal(self, size: int) -> Floats:
        """Return (chain, size) standard normal numbers."""
        return self._stack(lambda rng, count: rng.standard_normal((count, size)))

    def chi_square(self, df: Floats) -> Floats:
        """Return (chain,) chi-square numbers with ``df`` (chain,) degrees of freedom."""
        start, drawn = 0, []
        for rng, sets in self.parts:
            stop = start + sets * self.imputations
            drawn.append(rng.chisquare(df[start:stop]))
            start = stop
        return np.concatenate(drawn)

    def _stack(self, draw: Callable[[np.random.Generator, int], Floats]) -> Floats:
        return np.concatenate([draw(rng, sets * self.imputations) for rng, sets in self.parts])
