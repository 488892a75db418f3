"""Round simulated values to steps, the same on every processor."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def rounded(values: Floats, step: float) -> Floats:
    """Round to whole multiples of ``step``, each the nearest float64; zero has no sign.

    >>> rounded(np.array([6.249, 18.0049, -0.01]), 0.1).tolist()
    [6.2, 18.0, 0.0]
    """
    per_unit = round(1 / step)
    if step < 1 and np.isclose(per_unit * step, 1):
        return np.rint(values * per_unit) / per_unit + 0.0
    return np.rint(values / step) * step + 0.0
