"""Data of a patient from the arguments of `Regimen.decide` and `Regimen.schedule`."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_values import text_of, words_of
from pretese.bedside.question import (
    WHERE,
    Findings,
    fsh_of_months,
    fsh_results,
    levels_of,
    measured,
    patient_in_month,
    patient_of,
)
from protocol.bedside.patient import PatientRecord
from protocol.errors import InputError
from protocol.regimen.rules import Regimen

if TYPE_CHECKING:
    from protocol.bedside.schedule import Plan

#: A unit in messages.
UNIT = "'IU/L'"

#: FSH as given: one result, several of them, or none.
FSH = float | str | Iterable[float | str] | None


def record_of_arguments(
    regimen: Regimen,
    patient: str | Path | Mapping[str, Any] | None,
    month: int | None,
    previous_phase: str | None,
    measurements: tuple[FSH, str, Findings],
    day: dt.date,
) -> PatientRecord:
    """Return what is known of a patient on the day of a decision.

    Parameters
    ----------
    patient
        The path of a patient's file or a mapping; then nothing else may be given.
    month, previous_phase
        Instead: the month of therapy that begins on ``day``, from 1, and the previous phase.
    measurements
        FSH, its unit, and other findings at the end of the month before.

    Raises
    ------
    InputError
        Neither or both are given, or a value is not plausible.
    """
    fsh, unit, findings = measurements
    if previous_phase is not None:
        text_of(previous_phase, "previous_phase", "'hcg'")
    if (patient is None) == (month is None):
        cure = "give either `patient` or `month`, not both"
        raise InputError.of(WHERE, "", "it needs one patient", cure)
    if patient is None:
        results = fsh_results(fsh, text_of(unit, "fsh_unit", UNIT), day)
        given = [*results, *measured(findings, day)]
        return patient_in_month(regimen, month, previous_phase, given, day)
    if fsh is not None or previous_phase or not isinstance(findings, Sized) or len(findings):
        cure = "write `fsh` and others into it"
        raise InputError.of(WHERE, "patient", "findings come from the file", cure)
    return patient_of(patient, regimen)


def plan_of_arguments(
    regimen: Regimen, start: dt.date, fsh: tuple[FSH, str], decisions: str | Iterable[str] | None
) -> "Plan":
    """Return the plan of a therapy that begins on ``start``.

    Parameters
    ----------
    fsh
        FSH at the end of month 1, 2, ... as far as measured, and its unit.
    decisions
        Instead of FSH: the phase of each month so far.

    Raises
    ------
    InputError
        Both are given, the regimen does not use FSH, or no path of it begins with these phases.
    """
    from protocol.bedside.schedule import plan, plan_of_phases

    levels = levels_of(fsh[0])
    if levels and decisions:
        problem = "FSH and decisions are both given"
        raise InputError.of("schedule", "", problem, "give one of the two")
    if decisions is not None:
        return plan_of_phases(regimen, start, words_of(decisions, "decisions", "'hcg,hcg-ufsh'"))
    found = fsh_of_months(levels, text_of(fsh[1], "fsh_unit", UNIT), regimen)
    return plan(regimen, start, [{"fsh_iu_l": value} for value in found])
