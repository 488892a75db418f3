"""Compare one treatment with the control by the analysis of the design."""

from dataclasses import replace

import numpy as np

from estimate.core.arrays import Bools, Floats
from estimate.core.result import RATIOS
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.simulation.arm_comparison import analyse_trials, signed_statistic


def analyse_pair(data: Data) -> tuple[Floats, Floats]:
    """Return (replicate,) statistics and estimates, NaN where a trial has no participants.

    Ratios are logarithms.
    """
    there = np.asarray(data.include.any(1))
    z, estimate = np.full((2, len(there)), np.nan)
    if there.any():
        found = analyse_trials(data if there.all() else _of(data, there))
        value = np.log(found.estimate) if found.scale in RATIOS else found.estimate
        z[there] = signed_statistic(found)
        estimate[there] = np.where(found.converged, value, np.nan)
    return z, estimate


def _of(data: Data, rows: Bools) -> Data:
    """Return selected replicates."""
    arrays = ("outcome", "arm", "present", "include", "operated", "site", "diagnosis")
    return replace(
        data, baseline={name: values[rows] for name, values in data.baseline.items()},
        **{name: getattr(data, name)[rows] for name in arrays},
    )  # fmt: skip
