"""What the trial's statistician gets to see: outcomes as recorded, and who can be analysed."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from estimate.arrays import Ints
from pretese.trial.conduct import Trials
from pretese.trial.design import Design

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Data:
    """Men of every trial as an analysis may see them, shape (replicate, man).

    Attributes
    ----------
    present
        Whether he belongs to this cut of his trial; trials of other sizes share the arrays.
    include
        Whether he can be analysed: present, and neither lost nor left out.
    baseline
        What the clinic wrote down, NaN where missing.
    """

    design: Design
    outcome: Floats
    arm: Floats
    present: Flags
    include: Flags
    site: Codes
    diagnosis: Codes
    baseline: dict[str, Floats]

    def cut(self, men: int | Ints, after: int = 0) -> "Data":
        """Return the men numbered from ``after`` to before ``men``, one number or (replicate,)."""
        last = int(np.max(men))
        here = slice(after, last)
        present = self.present[:, here]
        if not isinstance(men, int):
            present = present & (np.arange(after, last) < men[:, None])
        return replace(
            self,
            outcome=self.outcome[:, here],
            arm=self.arm[:, here],
            present=present,
            include=self.include[:, here] & present,
            site=self.site[:, here],
            diagnosis=self.diagnosis[:, here],
            baseline={name: values[:, here] for name, values in self.baseline.items()},
        )


def observe(design: Design, trials: Trials, effect: float, endpoint: int = 0) -> Data:
    """Return what is recorded of one endpoint in trials with this share of the effect.

    Men lost are failures or left out, as the endpoint says; 0 is the primary endpoint.
    """
    design = design.questions[endpoint]
    control, treated = trials.potential(effect, endpoint)
    counted0, counted1 = trials.counted(effect, endpoint)
    assigned = trials.arm == 1
    success = np.where(assigned, treated, control)
    include = np.where(assigned, counted1, counted0)
    if design.endpoint.missing == "failure":
        success = success & ~trials.lost
    else:
        include = include & ~trials.lost
    if design.endpoint.crossover == "excluded":
        include = include & (trials.received == trials.arm)
    return Data(
        design=design,
        outcome=success.astype(float),
        arm=assigned.astype(float),
        present=np.ones(assigned.shape, bool),
        include=include,
        site=trials.site,
        diagnosis=trials.candidates.diagnosis,
        baseline=trials.candidates.baseline,
    )
