"""Comparisons of computed values with reference values."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: Quantity, reference value and computed value; arrays are compared by element.
Pairs = list[tuple[str, Any, Any]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A computed value and its reference value.

    Attributes
    ----------
    area
        Subject of the validation, a name in `AREAS`.
    reference
        Identifier of the reference value.
    quantity
        The quantity in words.
    source
        Program with version, publication, or method that gave the reference value.
    expected, computed
        Reference value, and that of this program.
    tolerance
        Largest difference that is accepted.
    relative
        Whether the tolerance is relative to the reference value.
    """

    area: str
    reference: str
    quantity: str
    source: str
    expected: float
    computed: float
    tolerance: float
    relative: bool = False

    @property
    def difference(self) -> float:
        """Absolute difference; divided by the reference value where the tolerance is relative."""
        gap = abs(self.computed - self.expected)
        return gap / abs(self.expected) if self.relative and self.expected else gap

    @property
    def passed(self) -> bool:
        """Whether the difference is within the tolerance; never for a value that is not finite."""
        return math.isfinite(self.computed) and self.difference <= self.tolerance


def compared(
    area: str,
    reference: str,
    source: str,
    tolerance: float,
    pairs: Pairs,
    *,
    relative: bool = False,
) -> Iterator[Comparison]:
    """Yield a comparison for every number of ``(quantity, expected, computed)``; arrays by element.

    Raises
    ------
    ValueError
        Expected and computed values differ in number.
    """
    import numpy as np

    for quantity, expected, computed in pairs:
        wanted, found = np.ravel(expected).tolist(), np.ravel(computed).tolist()
        several = len(wanted) > 1
        for place, (one, other) in enumerate(zip(wanted, found, strict=True), start=1):
            name = f"{quantity}, {place}" if several else quantity
            yield Comparison(
                area, reference, name, source, float(one), float(other), tolerance, relative
            )
