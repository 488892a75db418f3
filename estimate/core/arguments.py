"""Checks of arguments of public functions: unknown words and values are refused by name."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Bools
from protocol.errors import InputError


def one_of(where: str, field: str, value: object, allowed: Sequence[object]) -> None:
    """Raise InputError unless a value is one of those allowed.

    >>> one_of("survival", "ties", "efron", ("efron", "breslow"))
    """
    if value not in allowed:
        cure = f"choose from {', '.join(map(str, allowed))}"
        raise InputError.of(where, field, f"{value!r} is not known", cure)


def flags(where: str, field: str, values: ArrayLike) -> Bools:
    """Return 0/1 values as booleans; refuse everything else, including NaN.

    >>> flags("survival", "event", [0, 1])
    array([False,  True])
    """
    read = np.asarray(values)
    if read.dtype == bool:
        return read
    try:
        numbers = read.astype(float)
    except (TypeError, ValueError):
        numbers = np.full(read.shape, np.nan)
    if not np.isin(numbers, (0, 1)).all():
        raise InputError.of(where, field, "a value is missing or not 0/1", "code it 0 or 1")
    return np.asarray(numbers > 0)
