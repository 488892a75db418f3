"""Recorded outcomes, and the participants who can be analysed."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from pretese.trial.conduct.recorded_data import Data, Missing
from pretese.trial.conduct.trial_conduct import Trials
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.endpoint import IMPUTED, Endpoint

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]


def observe(design: DesignFile, trials: Trials, effect: float, endpoint: int = 0) -> Data:
    """Return the recorded data of one endpoint in trials with this fraction of the effect.

    Dropouts and participants who switched treatment count as failures or are excluded, by the
    strategy of the endpoint; endpoint 0 is the primary one. For a principal stratum any sperm and
    the operation are recorded.
    """
    left, part = dropouts(design, trials, effect)
    design = design.questions[endpoint]
    end, assigned = design.endpoint, trials.arm == 1
    success = np.where(assigned, *trials.participants_.potential(effect, endpoint)[::-1])
    counted = np.where(assigned, *trials.participants_.counted(effect, endpoint)[::-1])
    include, switched = counted, trials.received != trials.arm
    day = _observed_days(design, trials, effect, endpoint) if end.is_time else None
    if end.sperm_in_ejaculate == "principal stratum":
        success, include = success | ~counted, np.ones_like(counted)
    if day is not None:
        success, day = _until_dropout(end, (left, part), success, day)
    elif end.missing == "failure":
        success = success & ~left
    else:
        include = include & ~left
    if end.treatment_switching == "composite":
        success = success & ~switched
        day = None if day is None else np.where(switched, end.horizon_days, day)
    elif end.treatment_switching in ("excluded", "hypothetical"):
        include = include & ~switched
        counted = counted & ~switched
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
        missing=_to_be_imputed(end, trials, counted & left, switched),
    )


def _to_be_imputed(end: Endpoint, trials: Trials, rows: Flags, switched: Flags) -> Missing | None:
    """Return the missing outcomes; those of a composite are known where treatment switched."""
    if end.missing != IMPUTED or trials.streams is None:
        return None
    known = switched & (end.treatment_switching == "composite")
    return Missing(rows & ~known, trials.streams)


def dropouts(design: DesignFile, trials: Trials, effect: float) -> tuple[Flags, Floats]:
    """Return who drops out, and the part of the follow-up that they have had, uniform in 0 to 1.

    Dropout depends on the arm, and as the design says on success in the primary endpoint and on
    covariates.
    """
    rule, drawn = design.dropout, trials.dropout_uniform
    if drawn is None:
        return trials.dropped_out, np.ones(trials.arm.shape)
    assigned = trials.arm == 1
    chance = np.where(assigned, rule.treated_percent, rule.control_percent) / 100
    if rule.informative:
        success = np.where(assigned, *trials.participants_.potential(effect)[::-1])
        log_odds = logit(chance) + rule.if_success_log_odds * success
        for each in rule.covariates:
            value = trials.baseline[each.variable] - each.reference
            log_odds = log_odds + each.per_unit_log_odds * np.nan_to_num(value)
        chance = expit(log_odds)
    return drawn < chance, np.minimum(drawn / np.maximum(chance, 1e-12), 1.0)


def _observed_days(design: DesignFile, trials: Trials, effect: float, endpoint: int) -> Codes:
    control, treated = trials.participants_.days(effect, endpoint)
    return np.where(trials.arm == 1, treated, control)


def _until_dropout(
    end: Endpoint, dropout: tuple[Flags, Floats], success: Flags, day: Codes
) -> tuple[Flags, Codes]:
    """Return events and last days of those who drop out within the follow-up.

    They are censored on that day, or counted as without the event to its end.
    """
    left = np.ceil(dropout[1] * end.horizon_days).astype(np.int64)
    early = dropout[0] & (left < day)
    until = end.horizon_days if end.missing == "failure" else left
    return success & ~early, np.where(early, until, day)
