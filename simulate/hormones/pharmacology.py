"""Pharmacology of injections: concentrations by superposition, and the Leydig cell response.

Concentrations follow a one-compartment model with first-order absorption and superposition of
doses. Testosterone does not follow the concentration of hCG: after one injection it has two peaks,
the second days after hCG has been eliminated, and a second injection a day after the first has no
further effect. Every injection therefore starts the published response, scaled by its dose, and the
largest of overlapping responses applies.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocol.dates import MONTH_DAYS
from protocol.regimen.rules import Regimen
from simulate.hormones.decision_lookup import dose_calendar
from simulate.hormones.drugs import Action
from simulate.scenario.sections.endocrine import Kinetics, Physiology

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

HOURS_PER_DAY = 24

#: Grid on which the Leydig cell response is averaged: every three hours.
STEPS_PER_DAY = 8


@dataclass(frozen=True, slots=True)
class Injections:
    """Injections of one drug in order: days counted from 0 at the start of therapy, doses in IU."""

    days: NDArray[np.intp]
    doses_iu: Floats

    def between(self, first_day: int, end_day: int) -> "Injections":
        """Return the injections from ``first_day`` to the day before ``end_day``."""
        inside = (self.days >= first_day) & (self.days < end_day)
        return Injections(self.days[inside], self.doses_iu[inside])


def injections_of_drug(regimen: Regimen, phases: tuple[int, ...], drug: str) -> Injections:
    """Return the injections of a drug over months spent in the given phases, by their codes."""
    if drug not in regimen.drugs:
        return Injections(np.zeros(0, np.intp), np.zeros(0))
    calendar = dose_calendar(regimen)[:, :, :, list(regimen.drugs).index(drug)]
    longest = calendar.shape[1] - 1
    months, spent = [], 0
    for month, phase in enumerate(phases):
        spent = spent + 1 if month and phase == phases[month - 1] else 0
        months.append(calendar[phase, min(month - spent, longest), min(spent, longest)])
    by_day = np.concatenate([*months, np.zeros(0)])
    days = np.flatnonzero(by_day)
    return Injections(days, by_day[days])


def leydig_injections(
    regimen: Regimen, phases: tuple[int, ...], known: Mapping[str, Action]
) -> Injections:
    """Return the injections that stimulate the Leydig cells, doses in IU of hCG."""
    parts = []
    for drug in regimen.drugs:
        factor = known[drug].hcg_iu_per_iu if drug in known else 0.0
        given = injections_of_drug(regimen, phases, drug)
        if factor and len(given.days):
            parts.append(Injections(given.days, factor * given.doses_iu))
    if len(parts) == 1:
        return parts[0]
    days = np.concatenate([np.zeros(0, np.intp), *(part.days for part in parts)])
    doses = np.concatenate([np.zeros(0), *(part.doses_iu for part in parts)])
    order = np.argsort(days, kind="stable")
    return Injections(days[order], doses[order])


def elimination_per_hour(half_life_h: ArrayLike) -> Floats:
    """Return the rate constant of a half-life."""
    return np.asarray(np.log(2) / np.asarray(half_life_h, float))


def scale(model: Kinetics, elimination: Floats, exposure: ArrayLike) -> Floats:
    """Return the amplitude, in IU/L per IU, of the two exponentials of `concentration`.

    Parameters
    ----------
    elimination
        Rate constant per hour.
    exposure
        A patient's area under the curve, as a multiple of the mean.
    """
    absorption = elimination_per_hour(model.absorption_half_life_h.value)
    area = model.area_h_per_l.value * np.asarray(exposure)
    return np.asarray(area * elimination * absorption / (absorption - elimination))


def concentration(
    model: Kinetics,
    hours: Floats,
    given: Injections,
    half_life_h: float | None = None,
    exposure: float = 1.0,
) -> Floats:
    """Return the concentration in IU/L at given hours after the start of therapy, of one patient.

    Parameters
    ----------
    half_life_h
        The patient's elimination half-life; None takes the mean.
    exposure
        The patient's area under the curve, as a multiple of the mean.
    """
    mean = model.elimination_half_life_h.value
    elimination = elimination_per_hour(mean if half_life_h is None else half_life_h)
    absorption = elimination_per_hour(model.absorption_half_life_h.value)
    since = hours[:, None] - given.days * float(HOURS_PER_DAY)
    after = np.maximum(since, 0)
    each = np.exp(-elimination * after) - np.exp(-absorption * after)
    level: Floats = scale(model, elimination, exposure) * (each @ given.doses_iu)
    return level


def remaining(
    given: Injections,
    end_day: float,
    half_life_h: Floats,
    given_flags: Flags | None = None,
    kept_over: dict[float, Floats] | None = None,
) -> Floats:
    """Return the IU injected and not yet eliminated on ``end_day``, by half-life.

    Parameters
    ----------
    half_life_h
        Half-life of each patient, of any shape.
    given_flags
        Which injections each patient took, of shape ``(injection, *patients)``; None: all of them.
    kept_over
        Fractions that remain after gaps in days, filled here; calls with the same half-lives may
        share it.

    Notes
    -----
    Horner's rule over the injections, so that equal gaps share one exponential. The residue at the
    injection site after a day or more is neglected: less than a ten-thousandth.
    """
    per_day = -HOURS_PER_DAY * elimination_per_hour(half_life_h)
    powers = {} if kept_over is None else kept_over

    def kept(gap: float) -> Floats:
        if gap not in powers:
            powers[gap] = np.exp(per_day * gap)
        return powers[gap]

    amount = np.zeros_like(half_life_h)
    previous = None
    for index, (day, dose) in enumerate(zip(given.days, given.doses_iu, strict=True)):
        if previous is not None:
            amount *= kept(float(day - previous))
        amount += dose if given_flags is None else dose * given_flags[index]
        previous = day
    return amount if previous is None else amount * kept(float(end_day - previous))


def response(model: Physiology, since_hours: ArrayLike) -> Floats:
    """Return the Leydig cell response to one large injection, as a fraction of its peak."""
    points = model.hcg_response
    share: Floats = np.interp(
        np.asarray(since_hours, float),
        [point.after_h.value for point in points],
        [point.share.value for point in points],
        left=0,
        right=0,
    )
    return share


def strength(model: Physiology, dose_iu: ArrayLike) -> Floats:
    """Return the relative strength of an injection: saturating, 1 at the reference dose."""
    dose = np.asarray(dose_iu, float)
    half, reference = model.hcg_half_effect_iu.value, model.hcg_reference_iu.value
    return np.asarray(dose / (dose + half) * (reference + half) / reference)


def activity(model: Physiology, hours: Floats, given: Injections) -> Floats:
    """Return (hour,) the Leydig cell response: the largest of the overlapping responses."""
    return np.asarray(_responses(model, hours, given).max(axis=1, initial=0.0))


def _responses(model: Physiology, hours: Floats, given: Injections) -> Floats:
    """Return the response to each injection at each hour, shape (hour, injection)."""
    since = hours[:, None] - given.days * float(HOURS_PER_DAY)
    return np.asarray(strength(model, given.doses_iu) * response(model, since))


def weighted_activity(
    model: Physiology, hours: Floats, weights: Floats, given: Injections, given_flags: Flags
) -> Floats:
    """Return weighted sums of `activity` over hours, of every patient.

    Parameters
    ----------
    weights
        Of each hour in each sum, shape (sum, hour).
    given_flags
        Which injections each patient took, of shape ``(injection, *patients)``.

    Returns
    -------
    Shape ``(sum, *patients)``.

    Notes
    -----
    Hours that the same injections reach are summed once for every subset of these that a patient
    may have taken, and each patient takes the sum of his own subset.
    """
    each = _responses(model, hours, given)
    reached, group = np.unique(each > 0, axis=0, return_inverse=True)
    total = np.zeros((len(weights), *given_flags.shape[1:]))
    for index, pattern in enumerate(reached):
        injections = np.flatnonzero(pattern)
        if not len(injections):
            continue
        here = np.flatnonzero(group.ravel() == index)
        subset = np.zeros(given_flags.shape[1:], np.intp)
        for bit, injection in enumerate(injections):
            subset += given_flags[injection].astype(np.intp) << bit
        chosen = np.arange(2 ** len(injections))[:, None] >> np.arange(len(injections)) & 1
        largest = (each[here][:, injections][:, None] * chosen).max(-1)
        total += (weights[:, here] @ largest)[:, subset]
    return total


def month_hours(month: int) -> Floats:
    """Return the midpoints of the grid cells in a month, counted from 0, in hours."""
    step = HOURS_PER_DAY / STEPS_PER_DAY
    cells = np.arange(MONTH_DAYS * STEPS_PER_DAY) + 0.5
    return np.asarray(month * MONTH_DAYS * HOURS_PER_DAY + step * cells)


def feedback_weights(model: Physiology) -> Floats:
    """Return the weight of each grid cell of a month in the pituitary response at its end.

    The pituitary approaches its steady state exponentially, by ``response_per_month`` within a
    month, so that late cells weigh more. The weights sum to that fraction.
    """
    rate = -np.log1p(-model.response_per_month.value)
    left = np.linspace(1, 0, MONTH_DAYS * STEPS_PER_DAY + 1)
    return np.asarray(np.diff(np.exp(-rate * left)))


def reference_activity(model: Physiology) -> float:
    """Return the mean steady-state activity under the reference dose and interval."""
    every = round(model.hcg_reference_interval_days.value)
    days = np.arange(0, 2 * MONTH_DAYS, every)
    given = Injections(days, np.full(len(days), model.hcg_reference_iu.value))
    steady = month_hours(1)[: every * STEPS_PER_DAY]
    return float(activity(model, steady, given).mean())
