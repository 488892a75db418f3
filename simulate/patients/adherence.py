"""Adherence to the therapy chosen: missed injections and discontinuation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from simulate.core.random_streams import RandomStreams
from simulate.patients.baseline import diagnosis_shares
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.sections.therapy_arms import Behaviour

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Months of a completed therapy.
ALL_MONTHS = 3


@dataclass(frozen=True, slots=True)
class Habits:
    """Potential adherence of each patient, whether or not therapy was chosen.

    ``missed`` marks the days, counted from 0, on which a due injection would be missed, shape (day,
    replicate, patient); None: no injection is missed. ``months`` is the number of months before
    discontinuation, shape (replicate, patient); None: all complete therapy.
    """

    missed: Flags | None = None
    months: NDArray[np.int8] | None = None


def draw_habits(
    scenario: Scenario, spermatogenic_liability: Floats, streams: RandomStreams, days: int
) -> Habits:
    """Simulate every patient's adherence over a number of days."""
    model = scenario.behaviour
    return Habits(
        missed=_missed(model, streams, days),
        months=_months(
            model, spermatogenic_liability - average_spermatogenic_liability(scenario), streams
        ),
    )


def average_spermatogenic_liability(scenario: Scenario) -> float:
    """Return the mean liability over diagnoses, at the centres of the prognosis."""
    shares = diagnosis_shares(scenario.population.diagnosis_log_odds)
    levels = [each.value for each in scenario.spermatogenesis.spermatogenic_liability.values()]
    return float(shares @ levels)


def _missed(model: Behaviour, streams: RandomStreams, days: int) -> Flags | None:
    if not model.missed_share.value:
        return None
    own = model.missed_log_odds_sd.value * streams.normal("careless")
    chance = expit(logit(model.missed_share.value) + own)
    drawn = streams.uniform("missed injections", width=days)
    return np.ascontiguousarray(np.moveaxis(drawn < chance[..., None], -1, 0))


def _months(
    model: Behaviour, spermatogenic_liability: Floats, streams: RandomStreams
) -> NDArray[np.int8] | None:
    if not model.dropout_share.value:
        return None
    log_odds = (
        logit(model.dropout_share.value)
        + model.dropout_per_spermatogenic_liability.value * spermatogenic_liability
    )
    chance, drawn = expit(log_odds), streams.uniform("dropout")
    stopped = np.where(drawn < chance / 2, 1, 2)
    return np.where(drawn < chance, stopped, ALL_MONTHS).astype(np.int8)
