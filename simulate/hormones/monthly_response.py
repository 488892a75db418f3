"""Monthly response to injections: pituitary, Leydig cells and serum FSH."""

from collections.abc import Iterator
from types import EllipsisType

import numpy as np
from numpy.typing import NDArray

from protocol.dates import MONTH_DAYS
from protocol.regimen.rules import Regimen
from simulate.hormones.drugs import actions
from simulate.hormones.pharmacology import (
    HOURS_PER_DAY,
    Injections,
    activity,
    elimination_per_hour,
    feedback_weights,
    injections_of_drug,
    leydig_injections,
    month_hours,
    reference_activity,
    remaining,
    scale,
    weighted_activity,
)
from simulate.hormones.traits import Traits
from simulate.patients.adherence import Habits
from simulate.scenario.sections.endocrine import Physiology

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]
Rows = Flags | EllipsisType


class Body:
    """Response to the injections of each month, including the residue of earlier months."""

    def __init__(
        self,
        regimen: Regimen,
        model: Physiology,
        traits: Traits,
        habits: Habits,
        shape: tuple[int, ...],
    ) -> None:
        self.months_given = np.zeros(shape)
        self._regimen, self._model, self._traits = regimen, model, traits
        self._missed = habits.missed
        self._history = np.zeros(shape, np.intp)
        self._known = actions(model)
        self._fsh_left: dict[str, Floats] = {}
        self._month_kept: dict[str, Floats] = {}
        self._kept_over: dict[str, dict[float, Floats]] = {}
        self._scale: dict[str, Floats] = {}
        self._weights = feedback_weights(model) / reference_activity(model)

    def live(self, month: int, phase: Codes) -> tuple[Floats, Floats, Floats | float]:
        """Simulate a month; return pituitary change, Leydig activity, and injected FSH."""
        kinds = len(self._regimen.phases)
        self._history *= kinds
        self._history += phase
        # One entry per sequence of phases; an array of patients if patients miss injections.
        facts = np.zeros((3, kinds ** (month + 1)))
        each = None if self._missed is None else np.zeros((3, *phase.shape))
        for drug, left in self._fsh_left.items():
            if drug not in self._month_kept:
                self._month_kept[drug] = self._kept(drug, MONTH_DAYS)
            left *= self._month_kept[drug]
        for code, phases, rows in self._sequences(month):
            found = (self._share_given(phases, rows), *self._hcg(phases, rows))
            if each is None:
                facts[:, code] = found
            else:
                for array, values in zip(each, found, strict=True):
                    array[rows] = values
            self._inject_fsh(phases, rows)
        if each is None:  # `take` is many times faster than an index of several rows
            share_given, push, leydig = (fact.take(self._history) for fact in facts)
        else:
            share_given, push, leydig = each
        self.months_given += share_given
        return push, leydig, self._fsh_level()

    def _inject_fsh(self, phases: tuple[int, ...], rows: Rows) -> None:
        """Add the FSH injected in the month that remains at its end."""
        month, end = len(phases) - 1, len(phases) * MONTH_DAYS
        for drug in self._regimen.drugs:
            if drug not in self._known or self._known[drug].fsh is None:
                continue
            given = injections_of_drug(self._regimen, phases, drug).between(month * MONTH_DAYS, end)
            if not len(given.days):
                continue
            left = self._fsh_left.setdefault(drug, np.zeros(self._history.shape))
            half_life, flags = self._traits.half_life_h[drug], self._given_flags(given, rows)
            if flags is None and _many(rows):
                kept = self._kept_over.setdefault(drug, {})
                left += remaining(given, end, half_life, None, kept) * (
                    1.0 if rows is ... else rows
                )
            else:
                left[rows] += remaining(given, end, half_life[rows], flags)

    def _sequences(self, month: int) -> Iterator[tuple[int, tuple[int, ...], Rows]]:
        """Yield every sequence of phases that occurs: code, phases, and its patients (all: ...)."""
        kinds = len(self._regimen.phases)
        counts = np.bincount(self._history.ravel(), minlength=kinds ** (month + 1))
        for code in np.flatnonzero(counts):
            phases = tuple(int(code) // kinds**back % kinds for back in range(month, -1, -1))
            everybody = counts[code] == self._history.size
            yield int(code), phases, ... if everybody else self._history == code

    def _hcg(self, phases: tuple[int, ...], rows: Rows) -> tuple[Floats, Floats]:
        month = len(phases) - 1
        given = leydig_injections(self._regimen, phases, self._known)
        end = np.array([float(len(phases) * MONTH_DAYS * HOURS_PER_DAY)])
        hours = np.concatenate([month_hours(month), end])
        flags = self._given_flags(given, rows)
        if flags is None:
            level = activity(self._model, hours, given)
            return np.tensordot(self._weights, level[:-1], 1), level[-1]
        at_end = np.arange(len(hours)) == len(hours) - 1
        push, last = weighted_activity(
            self._model, hours, np.stack([np.append(self._weights, 0.0), at_end]), given, flags
        )
        return push, last

    def _share_given(self, phases: tuple[int, ...], rows: Rows) -> Floats | float:
        month = len(phases) - 1
        due = [
            injections_of_drug(self._regimen, phases, drug).between(
                month * MONTH_DAYS, (month + 1) * MONTH_DAYS
            )
            for drug in self._regimen.drugs
        ]
        days = np.concatenate([each.days for each in due])
        if self._missed is None or not len(days):
            return float(len(days) > 0)
        share: Floats = 1 - self._missed[days][:, rows].mean(axis=0)
        return share

    def _given_flags(self, given: Injections, rows: Rows) -> Flags | None:
        return None if self._missed is None else ~self._missed[given.days][:, rows]

    def _kept(self, drug: str, days: float | Floats) -> Floats:
        per_day = HOURS_PER_DAY * elimination_per_hour(self._traits.half_life_h[drug])
        return np.asarray(np.exp(-per_day * days))

    def _fsh_level(self) -> Floats | float:
        """Return serum FSH from injections when blood is drawn, in IU/L."""
        traits, delay = self._traits, self._traits.draw_delay_days
        level: Floats | float = 0.0
        for drug, left in self._fsh_left.items():
            model = self._known[drug].fsh
            if model is not None:
                if drug not in self._scale:
                    elimination = elimination_per_hour(traits.half_life_h[drug])
                    self._scale[drug] = scale(model, elimination, traits.exposure[drug])
                each = self._scale[drug] * left
                level = level + (each * self._kept(drug, delay) if delay.ndim else each)
        return level


def _many(rows: Rows) -> bool:
    """Return whether computing for all patients is cheaper than picking these out."""
    return bool(rows is ... or 4 * np.count_nonzero(rows) > rows.size)
