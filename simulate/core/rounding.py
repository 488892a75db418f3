"""Round simulated values to steps, the same on every processor."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: A step is a whole fraction of one if it is as close to it as this.
_CLOSE = 1e-5


def rounded(values: Floats, step: float) -> Floats:
    """Round to whole multiples of ``step``, each the nearest float64; zero has no sign.

    >>> rounded(np.array([6.249, 18.0049, -0.01]), 0.1).tolist()
    [6.2, 18.0, 0.0]
    """
    per_unit = round(1 / step)
    of_one = step < 1 and abs(per_unit * step - 1) < _CLOSE
    multiples = np.empty(np.shape(values))
    if of_one:
        np.multiply(values, per_unit, out=multiples)
    else:
        np.divide(values, step, out=multiples)
    np.rint(multiples, out=multiples)
    if of_one:
        multiples /= per_unit
    else:
        multiples *= step
    multiples += 0.0
    return multiples
