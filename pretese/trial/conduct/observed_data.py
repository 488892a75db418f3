"""Recorded outcomes, and the participants who can be analysed."""

import numpy as np
from numpy.typing import NDArray

from pretese.trial.conduct.recorded_data import Data
from pretese.trial.conduct.trial_conduct import Trials
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.endpoint import Endpoint

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]


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
    day = _observed_days(design, trials, effect, endpoint) if end.is_time else None
    if end.sperm_in_ejaculate == "principal stratum":
        success, include = success | ~counted, np.ones_like(counted)
    if day is not None:
        success, day = _until_dropout(end, trials, success, day)
    elif end.missing == "failure":
        success = success & ~trials.dropped_out
    else:
        include = include & ~trials.dropped_out
    if end.treatment_switching == "composite":
        success = success & ~switched
        day = None if day is None else np.where(switched, end.horizon_days, day)
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
        day=day,
    )


def _observed_days(design: DesignFile, trials: Trials, effect: float, endpoint: int) -> Codes:
    control, treated = trials.participants_.days(effect, endpoint)
    return np.where(trials.arm == 1, treated, control)


def _until_dropout(
    end: Endpoint, trials: Trials, success: Flags, day: Codes
) -> tuple[Flags, Codes]:
    """Return events and last days of those who drop out within the follow-up.

    They are censored on that day, or counted as without the event to its end.
    """
    if trials.dropout_part is None:
        raise ValueError("the trials have no days of dropout")
    left = np.ceil(trials.dropout_part * end.horizon_days).astype(np.int64)
    early = trials.dropped_out & (left < day)
    until = end.horizon_days if end.missing == "failure" else left
    return success & ~early, np.where(early, until, day)
