"""Recorded data of simulated trials."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from estimate.core.arrays import Ints
from pretese.trial.design.design_file import DesignFile
from simulate.core.random_streams import RandomStreams

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Missing:
    """Missing outcomes, and the random numbers by which they are imputed.

    Attributes
    ----------
    rows
        (replicate, participant) whether the outcome is missing.
    streams
        Of the same replicates, and at least as many participants.
    """

    rows: Flags
    streams: RandomStreams


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
    day
        Of a time to an event: the last day of follow-up, on which the event takes place if
        ``outcome`` is 1; None for others.
    missing
        Outcomes to be imputed, of participants who are not in ``include``; None if none are.
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
    day: Codes | None = None
    missing: Missing | None = None

    @property
    def days(self) -> Codes:
        """Last day of follow-up of each participant; the endpoint is a time."""
        if self.day is None:
            raise ValueError("the endpoint is not a time")  # refused when the design was read
        return self.day

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
            missing=self._missing_until(here, present),
            day=None if self.day is None else self.day[:, here],
        )

    def _missing_until(self, here: slice, present: Flags) -> Missing | None:
        if self.missing is None:
            return None
        return replace(self.missing, rows=self.missing.rows[:, here] & present)
