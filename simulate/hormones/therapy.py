"""Simulate patients under a regimen: monthly decisions from known results, and the response.

Quantities that do not differ between patients (days of injections, Leydig cell response) are
computed once for every sequence of phases that occurs and then looked up.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocol.dates import MONTH_DAYS
from protocol.errors import InputError
from protocol.regimen.rules import Phase, Regimen
from simulate.core.rounding import rounded
from simulate.hormones.course import Course
from simulate.hormones.decision_lookup import UNDECIDED, answers, lookup
from simulate.hormones.drugs import check_drugs
from simulate.hormones.known_values import (
    Assays,
    deciding_hormones,
    known_values,
    measured_inputs,
    refuse_unknown_inputs,
    within_range,
)
from simulate.hormones.monthly_response import Body
from simulate.hormones.serum import hormones_at
from simulate.hormones.traits import MONTHS, Traits, log_fall
from simulate.patients.adherence import Habits
from simulate.patients.baseline import Patients
from simulate.scenario.sections.endocrine import Physiology

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]


def follow(
    regimen: Regimen,
    model: Physiology,
    patients: Patients,
    traits: Traits,
    assays: Assays,
    habits: Habits | None = None,
    deciding: Regimen | None = None,
) -> Course:
    """Simulate every patient through the months of a regimen, with the regimen's own table.

    After the last month the state is frozen: the remaining months up to three have no injections,
    and hormones do not change.

    Parameters
    ----------
    assays
        How results are reported; the decision sees the report.
    habits
        Adherence of the patients; None: perfect.
    deciding
        A regimen whose inputs are returned as ``known``, whichever regimen is followed.
    """
    _refuse_longer(regimen)
    refuse_unknown_inputs(deciding or regimen)
    check_drugs(regimen, model)
    reports = _Reports(deciding or regimen, model, patients, traits, assays)
    habits = habits or Habits()
    fsh_before_therapy = patients.baseline["fsh_iu_l"]
    if not regimen.drugs and len(regimen.phases) == 1:
        return _without_therapy(regimen, model, traits, reports)
    shape = patients.diagnosis.shape
    body = Body(regimen, model, traits, habits, shape)
    fall = log_fall(fsh_before_therapy, model.suppressed_fsh_iu_l.value, traits)
    phase, decided = (np.empty((MONTHS, *shape), np.int8) for _ in range(2))
    stimulus, leydig, fsh = (np.zeros((MONTHS + 1, *shape)) for _ in range(3))
    measured = np.empty((MONTHS, *shape))
    fsh[0] = fsh_before_therapy
    for month in range(regimen.months):
        decided[month] = _decide(regimen, month, decided, reports.known(month))
        phase[month] = _stopped(regimen, month, decided[month], habits)
        push, leydig[month + 1], injected = body.live(month, phase[month])
        stimulus[month + 1] = (1 - model.response_per_month.value) * stimulus[month] + push
        fsh[month + 1] = fsh_before_therapy * np.exp(fall * stimulus[month + 1]) + injected
        measured[month] = reports.add(month, fsh[month + 1], stimulus[month + 1], leydig[month + 1])
    for month in range(regimen.months, MONTHS):
        phase[month] = _rest(regimen)
        _freeze(month, (stimulus, leydig, fsh), measured)
        reports.repeat()
    stayed = np.ones(shape, bool) if habits.months is None else habits.months >= regimen.months
    return Course(
        regimen=regimen,
        phase=phase,
        stimulus=stimulus,
        leydig_activity=leydig,
        fsh_iu_l=fsh,
        measured_fsh_iu_l=measured,
        known=reports.all_known() if deciding else {},
        share_treated=body.months_given / MONTHS,
        fsh_normalised=_ever_normal(model, measured),
        completed=stayed,
        missed=habits.missed,
    )


def _freeze(month: int, courses: tuple[Floats, ...], measured: Floats) -> None:
    """Let state and results of a month after therapy be those of the month before."""
    for course in courses:
        course[month + 1] = course[month]
    measured[month] = measured[month - 1] if month else courses[-1][0]


class _Reports:
    """Results reported so far, for the inputs of one regimen's phase table."""

    def __init__(
        self,
        regimen: Regimen,
        model: Physiology,
        patients: Patients,
        traits: Traits,
        assays: Assays,
    ) -> None:
        self.fsh_before_therapy = patients.baseline["fsh_iu_l"]
        self._regimen, self._model, self._traits = regimen, model, traits
        self._patients, self._assays = patients, assays
        self._reported = {
            name: [rounded(patients.reported(name), assays.steps[name])]
            for name in sorted(deciding_hormones([regimen]))
        }

    def add(self, month: int, fsh: Floats, stimulus: Floats, leydig_activity: Floats) -> Floats:
        """Report the end of a month, counted from 0; return the FSH reported."""
        true = hormones_at(self._model, self._patients, self._traits, stimulus, leydig_activity)
        for name, results in self._reported.items():
            step = self._assays.steps[name]
            if name == "fsh_iu_l":
                results.append(rounded(fsh * self._traits.assay[..., month], step))
            elif name in true:
                factor = self._assays.factors[name][month]
                results.append(rounded(true[name]() * factor, step))
        return self._reported["fsh_iu_l"][-1]

    def repeat(self) -> None:
        """Repeat the last results: after therapy the state is frozen."""
        for results in self._reported.values():
            results.append(results[-1])

    def known(self, month: int) -> dict[str, Floats]:
        """Return the known inputs when a month is decided."""
        axes = {axis.name: axis for axis in self._regimen.tables["phase"].proved.axes}
        return {
            name: within_range(axes[name], known_values(self._regimen, name, self._reported, month))
            for name in measured_inputs(self._regimen)
        }

    def all_known(self) -> dict[str, Floats]:
        """Return the known inputs when each month is decided, shape (month, replicate, patient)."""
        months = [self.known(month) for month in range(MONTHS)]
        return {name: np.stack([each[name] for each in months]) for name in months[0]}


def _without_therapy(
    regimen: Regimen, model: Physiology, traits: Traits, reports: _Reports
) -> Course:
    """Return the course of patients without therapy; constant arrays use no memory."""
    fsh = reports.fsh_before_therapy
    nothing = np.broadcast_to(0.0, (MONTHS + 1, *fsh.shape))
    measured = np.stack(
        [reports.add(month, fsh, nothing[0], nothing[0]) for month in range(MONTHS)]
    )
    return Course(
        regimen=regimen,
        phase=np.zeros((MONTHS, *fsh.shape), np.int8),
        stimulus=nothing,
        leydig_activity=nothing,
        fsh_iu_l=np.broadcast_to(fsh, (MONTHS + 1, *fsh.shape)),
        measured_fsh_iu_l=measured,
        known={},
        share_treated=nothing[0],
        fsh_normalised=_ever_normal(model, measured),
        completed=np.broadcast_to(np.True_, fsh.shape),
        missed=None,
    )


def _ever_normal(model: Physiology, measured: Floats) -> Flags:
    low, high = model.normal_fsh_low_iu_l.value, model.normal_fsh_high_iu_l.value
    return np.asarray(((measured >= low) & (measured <= high)).any(axis=0))


def _stopped(regimen: Regimen, month: int, decided: Codes, habits: Habits) -> Codes:
    """Replace the decided phase by the one without injections in patients who have stopped."""
    if habits.months is None:
        return decided
    return np.where(habits.months <= month, np.int8(_rest(regimen)), decided)


def _rest(regimen: Regimen) -> int:
    """Return the code of the phase without injections."""
    rest = [each.code for each in regimen.phases if not each.orders]
    if not rest:
        cure = "give it a phase without orders for patients who stop"
        raise InputError.of(regimen.id, "phases", "patients cannot stop this regimen", cure)
    return rest[0]


def _refuse_longer(regimen: Regimen) -> None:
    if regimen.months > MONTHS:
        problem = (
            f"therapy of {regimen.months} months is longer than simulated patients live through it"
        )
        cure = f"simulate a regimen of up to {MONTHS} months"
        raise InputError.of(regimen.id, "months", problem, cure)


#: Action of simulated patients after each result of the semen analysis at the end of therapy.
AFTER_SEMEN = {"no sperm": "micro-tese", "sperm": "icsi-ejaculated"}


def refuse_other_ends(regimen: Regimen) -> None:
    """Raise `InputError` for a regimen whose end-of-therapy table has other answers."""
    table = regimen.tables["end-of-therapy"]
    if others := [name for name in table.inputs if name != "semen"]:
        problem = f"it depends on {', '.join(others)}, which simulated patients do not have"
        cure = "simulate a regimen whose therapy ends by the semen analysis"
        raise InputError.of(regimen.id, "tables.end-of-therapy.inputs", problem, cure)
    for semen, action in AFTER_SEMEN.items():
        rule = table.rules[table.proved.rule_at({"semen": semen} if table.inputs else {})]
        if rule.then != action:
            problem = f"after {semen} it asks for {rule.then or rule.outcome}"
            cure = f"simulate a regimen that asks for {action}"
            raise InputError.of(regimen.id, f"tables.end-of-therapy.{rule.id}", problem, cure)


def therapy_days(regimen: Regimen) -> int:
    """Return the day of therapy on which a regimen leads to semen analysis and surgery.

    Examples
    --------
    >>> from protocol.regimen.load import load_regimen
    >>> therapy_days(load_regimen("fsh-guided")), therapy_days(load_regimen("no-therapy"))
    (90, 0)
    """
    return regimen.months * MONTH_DAYS


def _decide(regimen: Regimen, month: int, phase: Codes, known: Mapping[str, Floats]) -> Codes:
    """Determine the phase of a month; ``month`` counts from 0 here and from 1 in the table."""
    table = regimen.tables["phase"]
    axes = {axis.name: axis for axis in table.proved.axes}
    columns: dict[str, ArrayLike] = {"month": month + 1, **known}
    if "previous_phase" in axes:
        names = axes["previous_phase"].values
        before = _codes_in(names, regimen.phases)
        columns["previous_phase"] = before[phase[month - 1]] if month else names.index("none")
    rules = lookup(table.proved, {name: columns[name] for name in axes})
    phase_of_rule = answers(table, [phase.name for phase in regimen.phases])
    chosen: Codes = np.broadcast_to(phase_of_rule.astype(np.int8)[rules], phase.shape[1:])
    if (chosen == UNDECIDED).any():
        silent = table.rules[int(rules.ravel()[chosen.ravel().argmin()])]
        raise InputError.of(
            regimen.id,
            f"tables.phase.{silent.id}",
            f"it leaves simulated patients without a phase in month {month + 1}",
            "simulate a regimen whose phase table answers whenever its hormones are known",
        )
    return chosen


def _codes_in(names: tuple[str, ...], phases: tuple[Phase, ...]) -> NDArray[np.intp]:
    return np.array([names.index(phase.name) for phase in phases])
