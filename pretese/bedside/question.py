"""Inputs of a decision: a patient's file, or one month of therapy with its results."""

import datetime as dt
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

from protocol.bedside.known.reference_range import ReferenceRange
from protocol.bedside.patient import Measurement, PatientFacts, PatientRecord, patient_record
from protocol.dates import FIRST_YEAR, LAST_YEAR, MONTH_DAYS, day_from
from protocol.errors import InputError
from protocol.reading.numbers import MAX_FACT, cure_of, number_of, plain_value, shown
from protocol.reading.quantities import quantity
from protocol.regimen.rules import Regimen
from protocol.shorten import shorten

#: Location of faults that concern the whole question.
WHERE = "decide"
_FINDING = re.compile(r"([a-z_]+)\s*=\s*(?:([<>]?\s*[-+.\d]\S*)(?:\s+(\S+))?|(\S.*))")

#: A measured number with its unit, or both (or the name of a result) in one text.
Finding = str | float | tuple[float, str]
#: Findings by name, or as texts ``name=value unit``.
Findings = Mapping[str, Finding] | Sequence[str]

_CURE = "write name=value unit, such as 'testosterone=40 nmol/L' or 'semen=no sperm'"


def patient_of(patient: str | Path | Mapping[str, Any], regimen: Regimen) -> PatientRecord:
    """Return the patient described by a file, or by a mapping with its fields."""
    from protocol.bedside.patient_file import patient_from, read_patient  # loads pydantic

    if isinstance(patient, str | Path):
        return patient_record(read_patient(Path(patient)), regimen, str(patient))
    return patient_record(patient_from(patient, "patient"), regimen, "patient")


def patient_in_month(
    regimen: Regimen,
    month: int | None,
    previous_phase: str | None,
    measurements: Sequence[Mapping[str, Any]],
    on: dt.date,
) -> PatientRecord:
    """Return a patient in the month that begins on ``on``, with only these facts known."""
    highest = int((regimen.inputs["month"].plausible or (1, 12))[1])
    if isinstance(month, bool) or not isinstance(month, Integral) or not 1 <= month <= highest:
        cure = f"give a month from 1 to {highest}"
        raise InputError.of(WHERE, "month", f"{shorten(month)} is out of range", cure)
    known = patient_record(_of_one_month(measurements), regimen, WHERE)
    names = [phase.name for phase in regimen.phases]
    if previous_phase is not None and previous_phase not in names:
        cure = f"give one of: {', '.join(names)}"
        raise InputError.of(WHERE, "previous_phase", f"{previous_phase!r} is not a phase", cure)
    months_before = int(month) - 1
    started = day_from(on, -MONTH_DAYS * months_before, "decision_date")
    # Tables use only the previous month, not earlier ones.
    phases = (previous_phase,) * months_before if previous_phase else ()
    return replace(known, started=started, phases=phases)


def _of_one_month(measurements: Sequence[Mapping[str, Any]]) -> PatientFacts:
    """Return a patient with these results; other than plain values are checked as in files."""
    if all(_is_plain_result(**each) for each in measurements):
        results = tuple(Measurement(**each) for each in measurements)
        return PatientFacts("patient", measurements=results)
    from protocol.bedside.patient_file import patient_from  # loads pydantic

    return patient_from({"patient": "patient", "measurements": list(measurements)}, WHERE)


def _is_plain_result(date: dt.date, name: Any, value: Any, unit: Any = None) -> bool:
    """Whether a result has the types and bounds of a file, and a date that a file may name."""
    number = isinstance(value, float) and abs(value) <= MAX_FACT
    named = isinstance(name, str) and isinstance(unit, str | None)
    return named and (number or isinstance(value, str)) and FIRST_YEAR <= date.year <= LAST_YEAR


def levels_of(fsh: Any) -> list[float | str]:
    """Return the results of FSH: one number, several, or texts such as ``<0.3``.

    Raises
    ------
    InputError
        One of them is neither a finite number nor a text with a number.
    """
    if fsh is None:
        return []
    several = isinstance(fsh, Iterable) and not isinstance(fsh, str)
    return [_level(value) for value in (fsh if several else [fsh])]


def fsh_results(fsh: Any, unit: str, on: dt.date) -> list[dict[str, Any]]:
    """Return results of FSH as the measurements of a patient's file; an empty unit is the usual."""
    named = {"unit": unit} if unit else {}
    return [{"date": on, "name": "fsh", "value": each, **named} for each in levels_of(fsh)]


def fsh_of_months(levels: Sequence[float | str], unit: str, regimen: Regimen) -> list[float]:
    """Return FSH at the end of each month in IU/L, for a schedule.

    Raises
    ------
    InputError
        The regimen does not use FSH, or a level is beyond a limit of detection.
    """
    if levels and "fsh_iu_l" not in regimen.tables["phase"].inputs:
        problem = f"{regimen.id} decides nothing by FSH"
        raise InputError.of("fsh", "", problem, "leave it out")
    if beyond := [level for level in levels if isinstance(level, str)]:
        cure = "a plan needs measured numbers; ask `decide` about this one"
        raise InputError.of("fsh", "", f"{beyond[0]!r} is beyond a limit of detection", cure)
    return [quantity("fsh", float(value), unit, "fsh").value for value in levels]


def ranges_of(ranges: Mapping[str, str] | Sequence[str]) -> tuple[ReferenceRange, ...]:
    """Return the reference ranges that texts state, by analyte or as ``fsh=1.5 to 12.4 IU/L``.

    Raises
    ------
    InputError
        A text is not a range, or the ranges are neither texts nor a mapping to texts.
    """
    if isinstance(ranges, Mapping):
        ranges = [f"{analyte}={wording}" for analyte, wording in ranges.items()]
    if isinstance(ranges, str):
        ranges = [ranges]
    if not isinstance(ranges, Sequence) or not all(isinstance(text, str) for text in ranges):
        cure = "give {'fsh': '1.5 to 12.4 IU/L'}"
        problem = f"{shorten(ranges)} is not understood"
        raise InputError.of("reference_ranges", "", problem, cure)
    if not ranges:
        return ()
    from protocol.bedside.known.range_entry import range_of  # loads pydantic

    return tuple(range_of(text, "reference_ranges") for text in ranges)


def _level(value: Any) -> float | str:
    if isinstance(value, str):
        beyond, text = value.strip()[:1], value.strip()
        number = number_of(text[1:] if beyond in ("<", ">") else text)
        if number is not None and math.isfinite(number):
            return text if beyond in ("<", ">") else number
        raise InputError.of("fsh", "", f"{shown(value)} is not a number", cure_of(value))
    number = plain_value(value)
    if isinstance(number, float) and math.isfinite(number):
        return number
    raise InputError.of("fsh", "", f"{shorten(value)} is not a number", "give a finite number")


def measured(findings: Findings, on: dt.date) -> Iterator[dict[str, Any]]:
    """Yield findings as the measurements of a patient's file, dated ``on``.

    Raises
    ------
    InputError
        A finding has none of the forms that `Findings` names.

    Examples
    --------
    >>> day = dt.date(2022, 3, 31)
    >>> next(measured({"testosterone": "40 nmol/L"}, day))["value"]
    40.0
    >>> next(measured(["semen=no sperm"], day))["value"]
    'no sperm'
    """
    if isinstance(findings, str):
        findings = [findings]
    if isinstance(findings, Mapping):
        for name, value in findings.items():
            yield {"date": on, **_named(name, value)}
        return
    if not isinstance(findings, Sequence):
        raise InputError.of(WHERE, "findings", f"{shorten(findings)} is not understood", _CURE)
    for text in findings:
        yield {"date": on, **_read(text)}


def _named(name: str, value: Finding) -> dict[str, Any]:
    """Return name, value and unit of a finding of a mapping."""
    unit = None
    if isinstance(value, tuple | list) and len(value) == 2:
        value, unit = value
    if isinstance(value, str) and unit is None:
        return _read(f"{name}={value}")
    number = plain_value(value)
    if isinstance(number, float) and isinstance(unit, str | None):
        return {"name": name, "value": number, **({"unit": unit} if unit else {})}
    if isinstance(value, str) and isinstance(unit, str):
        return _read(f"{name}={value} {unit}")
    cure = "give a number with its unit, such as (40, 'nmol/L'), or text, such as 'no sperm'"
    raise InputError.of(WHERE, f"findings {name}", f"{shorten(value)} is not a finding", cure)


def _read(text: str) -> dict[str, Any]:
    """Return name, value and unit of a finding that is one text."""
    found = _FINDING.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        wording = repr(text) if isinstance(text, str) else shorten(text)
        raise InputError.of(WHERE, "findings", f"{wording} is not understood", _CURE)
    name, value, unit, word = found.groups()
    if word is not None:
        return {"name": name, "value": word}
    number = number_of(value)
    if number is None and value[:1] not in "<>":
        problem = f"{shown(value)} is not a number"
        raise InputError.of(WHERE, f"findings {name}", problem, cure_of(value))
    return {"name": name, "value": value if number is None else number} | (
        {"unit": unit} if unit else {}
    )
