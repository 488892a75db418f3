"""Recorded outcomes, and the participants who can be analysed."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from estimate.core.arrays import Ints
from pretese.trial.conduct.trial_conduct import Trials
from pretese.trial.design.design_file import DesignFile

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Data:
    """Recorded data of every trial, shape (replicate, participant).

    Attributes
    ----------
    present
        Whether the participant is in this data cut; trials of other sizes share the arrays.
    include
        Whether the participant can be analysed: present, and neither dropped out nor excluded.
    operated
        Whether the operation was needed, for an endpoint that depends on it; otherwise whether the
        participant would count.
    baseline
        Recorded baseline values, NaN where missing.
    arrival_months
        Months from the opening of the trial to recruitment; None where the calendar is not needed.
    """

    design: DesignFile
    outcome: Floats
    arm: Floats
    present: Flags
    include: Flags
    operated: Flags
    site: Codes
    diagnosis: Codes
    baseline: dict[str, Floats]
    arrival_months: Floats | None = None

    def cut(self, participants: int | Ints, after: int = 0) -> "Data":
        """Return the participants from ``after`` up to before ``participants``."""
        last = int(np.max(participants))
        here = slice(after, last)
        present = self.present[:, here]
        if not isinstance(participants, int):
            present = present & (np.arange(after, last) < participants[:, None])
        return replace(
            self,
            outcome=self.outcome[:, here],
            arm=self.arm[:, here],
            present=present,
            include=self.include[:, here] & present,
            operated=self.operated[:, here],
            site=self.site[:, here],
            diagnosis=self.diagnosis[:, here],
            arrival_months=None if self.arrival_months is None else self.arrival_months[:, here],
            baseline={name: values[:, here] for name, values in self.baseline.items()},
        )


def observe(design: DesignFile, trials: Trials, effect: float, endpoint: int = 0) -> Data:
    """Return the recorded data of one endpoint in trials with this fraction of the effect.

    Dropouts and participants who switched treatment count as failures or are excluded, by the
    strategy of the endpoint; endpoint 0 is the primary one. For a principal stratum any sperm and
    the operation are recorded.
    """
    design = design.questions[endpoint]
    end, assigned = design.endpoint, trials.arm == 1
    success = np.where(assigned, *trials.participants_.potential(effect, endpoint)[::-1])
    counted = np.where(assigned, *trials.participants_.counted(effect, endpoint)[::-1])
    include, switched = counted, trials.received != trials.arm
    if end.sperm_in_ejaculate == "principal stratum":
        success, include = success | ~counted, np.ones_like(counted)
    if end.missing == "failure":
        success = success & ~trials.dropped_out
    else:
        include = include & ~trials.dropped_out
    if end.treatment_switching == "composite":
        success = success & ~switched
    elif end.treatment_switching in ("excluded", "hypothetical"):
        include = include & ~switched
    return Data(
        design=design,
        outcome=success.astype(float),
        arm=assigned.astype(float),
        present=np.ones(assigned.shape, bool),
        include=include,
        operated=counted,
        site=trials.site,
        diagnosis=trials.eligible.diagnosis,
        baseline=trials.eligible.baseline,
        arrival_months=trials.arrival_months,
    )
