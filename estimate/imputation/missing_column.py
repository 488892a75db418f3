"""The missing values of one column, over all chains."""

from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing rows of one column, (chain, k), padded to one length, with a mask."""

    observed: Bools
    rows: Ints
    real: Bools

    @classmethod
    def of(cls, known: Bools, inside: Bools) -> "Gap":
        """Find the gaps of the patients inside; both arguments (chain, n)."""
        missing = inside & ~known
        rows = np.argsort(~missing, axis=-1, kind="stable")[:, : int(missing.sum(-1).max())]
        return cls(known & inside, rows, np.take_along_axis(missing, rows, -1))

    def fill(self, column: Floats, drawn: Floats) -> None:
        """Write the drawn values (chain, k) into the column (chain, n)."""
        kept = np.take_along_axis(column, self.rows, -1)
        np.put_along_axis(column, self.rows, np.where(self.real, drawn, kept), -1)

    def at(self, array: Floats) -> Floats:
        """Return the values of (chain, n) in these rows."""
        return np.asarray(np.take_along_axis(array, self.rows, -1))
