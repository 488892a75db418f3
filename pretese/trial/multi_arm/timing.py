"""Calendar time of analyses, and participants recruited while endpoints are awaited."""

import numpy as np

from estimate.core.arrays import Bools, Floats
from pretese.trial.conduct.trial_conduct import check_filled, recruitment_of
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from simulate.recruitment.accrual import expected_month, expected_patients


class Timing:
    """Expected calendar of trials with fixed recruitment rates.

    A month is that at which the number of participants is expected; variation of arrivals is
    ignored.
    """

    def __init__(self, design: MultiArmDesign, participants: int) -> None:
        self._design = design
        pair = design.pair(design.treatments[0])
        self._rates = recruitment_of(pair).joined()
        check_filled(pair, expected_month(self._rates, participants), participants)
        self._places = np.diff(design.analyses_at(participants), prepend=0)
        self._recruited: Floats = np.zeros(1)
        self._open: Bools = np.ones((1, 1), bool)
        self._stage = -1

    def add(self, new: Floats, open_: Bools) -> None:
        """Add the (replicate, arm) participants of the next stage."""
        self._recruited = self._recruited + new.sum(1)
        self._open, self._stage = open_, self._stage + 1

    def months(self) -> Floats:
        """Return (replicate,) months until the endpoints of all participants to date are known."""
        sizes, back = np.unique(self._recruited, return_inverse=True)
        return np.asarray(expected_month(self._rates, sizes)[back] + self._design.decision_month)

    def waiting(self) -> Floats:
        """Return (replicate, arm) participants recruited while endpoints are awaited.

        They are part of the next stage, up to its size, in the planned ratio of the open arms.
        """
        if self._stage + 1 >= len(self._places):
            return np.zeros(self._open.shape)
        sizes, back = np.unique(self._recruited, return_inverse=True)
        known = expected_month(self._rates, sizes) + self._design.decision_month
        more = np.maximum(expected_patients(self._rates, known)[..., 0] - sizes, 0.0)[back]
        parts = np.where(self._open, np.asarray(self._design.parts_after(self._stage), float), 0.0)
        share = parts / np.maximum(parts.sum(1, keepdims=True), 1)
        room = self._places[self._stage + 1] * parts.sum(1) / sum(self._design.parts)
        return np.asarray(share * np.minimum(more, room)[:, None])
