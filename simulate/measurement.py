"""What the clinic writes down: values rounded, and some hormones missing."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simulate.luck import Luck
from simulate.nouns import BASELINE, HORMONES
from simulate.population import Men
from simulate.scenario import Measurement

Floats = NDArray[np.float64]


def record(model: Measurement, men: Men, luck: Luck) -> dict[str, Floats]:
    """Return the baseline table as written down; a missing hormone is NaN."""
    missing = _missing(model, luck)
    written = {}
    for name in BASELINE:
        written[name] = rounded(men.baseline[name], model.rounded_to[name].value)
        if name in missing:
            written[name][missing[name]] = np.nan
    return written


def rounded(values: Floats, step: float) -> Floats:
    """Round to whole multiples of ``step``, without the dust that a binary fraction leaves.

    >>> rounded(np.array([6.249, 18.0049]), 0.1).tolist()
    [6.2, 18.0]
    """
    per_unit = round(1 / step)
    if step < 1 and np.isclose(per_unit * step, 1):
        return np.rint(values * per_unit) / per_unit
    return np.rint(values / step) * step


def _missing(model: Measurement, luck: Luck) -> Mapping[str, NDArray[np.bool_]]:
    """Draw which hormones are missing: normal scores that share a part, cut at each share."""
    shared = np.sqrt(model.missing_correlation.value)
    own = np.sqrt(1 - model.missing_correlation.value)
    draws = luck.normal("missing", width=len(HORMONES) + 1)
    common = shared * draws[..., 0]
    return {
        name: common + own * draws[..., column + 1] < ndtri(model.missing[name].value)
        for column, name in enumerate(HORMONES)
    }
