"""Weights that make the arms resemble a target population, however they were found."""

from dataclasses import dataclass

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats
from estimate.core.estimand import Target


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of one target population.

    Attributes
    ----------
    value
        (..., n); 0 for patients not analysed, NaN where it would be infinite.
    slope
        (..., n) derivative of a patient's weight in his linear predictor of the propensity model.
    target
        Whom the weighted arms resemble.
    stabilised
        Whether weights were multiplied by the share of the patient's own arm.
    """

    value: Floats
    slope: Floats
    target: Target
    stabilised: bool = False

    def effective_size(self, data: AnalysisSet) -> tuple[Floats, Floats]:
        """Return Kish's effective sample sizes (sum w)^2 / sum w^2, treated then untreated."""
        sizes = []
        for arm in (data.treatment > 0, data.treatment <= 0):
            w = np.where(arm, self.value, 0.0)
            with np.errstate(divide="ignore", invalid="ignore"):
                sizes.append(w.sum(-1) ** 2 / (w**2).sum(-1))
        return sizes[0], sizes[1]
