"""What men do with the therapy they chose: injections missed, therapy broken off."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from simulate.core.random_streams import Luck
from simulate.patients.baseline import diagnosis_shares
from simulate.scenario import Behaviour, Scenario

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Months of therapy a man who completes it goes through.
ALL_MONTHS = 3


@dataclass(frozen=True, slots=True)
class Habits:
    """How each man would keep to a therapy, whether or not he chose one.

    ``missed`` says on which days, counted from 0, he would miss an injection that is due, shape
    (day, replicate, man); None: nobody misses any. ``months`` is after how many months he stops,
    shape (replicate, man); None: nobody stops before the end.
    """

    missed: Flags | None = None
    months: NDArray[np.int8] | None = None


def draw_habits(scenario: Scenario, reserve: Floats, luck: Luck, days: int) -> Habits:
    """Draw every man's habits over a therapy of so many days."""
    model = scenario.behaviour
    return Habits(
        missed=_missed(model, luck, days),
        months=_months(model, reserve - average_reserve(scenario), luck),
    )


def average_reserve(scenario: Scenario) -> float:
    """Return the reserve of the average diagnosis, at the centres of the prognosis."""
    shares = diagnosis_shares(scenario.population.diagnosis_log_odds)
    levels = [each.value for each in scenario.spermatogenesis.reserve.values()]
    return float(shares @ levels)


def _missed(model: Behaviour, luck: Luck, days: int) -> Flags | None:
    if not model.missed_share.value:
        return None
    own = model.missed_log_odds_sd.value * luck.normal("careless")
    chance = expit(logit(model.missed_share.value) + own)
    drawn = luck.uniform("missed injections", width=days)
    return np.ascontiguousarray(np.moveaxis(drawn < chance[..., None], -1, 0))


def _months(model: Behaviour, reserve: Floats, luck: Luck) -> NDArray[np.int8] | None:
    if not model.dropout_share.value:
        return None
    log_odds = logit(model.dropout_share.value) + model.dropout_per_reserve.value * reserve
    chance, drawn = expit(log_odds), luck.uniform("dropout")
    stopped = np.where(drawn < chance / 2, 1, 2)
    return np.where(drawn < chance, stopped, ALL_MONTHS).astype(np.int8)
