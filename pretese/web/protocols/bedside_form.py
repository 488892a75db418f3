"""The form of the bedside page: fields of a regimen, and conversion of entries to a decision."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pretese.api import shipped_names
from pretese.api.arguments.argument_values import day_of
from pretese.api.protocols import read_regimen
from pretese.api.protocols.decisions import Decision
from pretese.api.protocols.regimens import Regimen
from pretese.web.protocols.bedside_course import UNITS, course_of, read_number
from protocol.errors import Fault, InputError
from protocol.regimen.parts import Input

#: Inputs with their own field in the form, or derived by the regimen.
ASKED_APART = ("month", "previous_phase", "fsh_iu_l", "criteria")


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of the form: a number with its units, or a choice of values."""

    name: str
    label: str
    units: tuple[str, ...]
    choices: tuple[str, ...]


def form_fields(regimen: Regimen) -> tuple[FormField, ...]:
    """Return the findings that a regimen uses, in its order."""
    return tuple(
        _field(name, each)
        for name, each in regimen.compiled.inputs.items()
        if name not in ASKED_APART and each.computed is None
    )


def _field(name: str, each: Input) -> FormField:
    analyte = finding_name(name)
    units = UNITS.get(analyte, (each.unit,) if each.unit else ())
    return FormField(name, each.label, units, tuple(each.values))


def finding_name(name: str) -> str:
    """Return the name of a finding: the input without its unit.

    >>> finding_name("testosterone_nmol_l"), finding_name("semen")
    ('testosterone', 'semen')
    """
    for end in ("_iu_l", "_nmol_l", "_pmol_l", "_ng_ml", "_percent", "_g", "_minutes"):
        if name.endswith(end):
            return name.removesuffix(end)
    return name


def chosen_regimen(entries: Mapping[str, str]) -> Regimen:
    """Return the requested regimen, with the limits of the laboratory."""
    shipped = shipped_names.shipped().regimens
    name = entries.get("regimen") or "fsh-guided"
    if name not in shipped:  # a path could open files of the server
        cure = f"choose from {', '.join(shipped)}"
        raise InputError.of("form", "regimen", f"{name[:60]!r} is not a shipped regimen", cure)
    limits = {
        key.removeprefix("limit."): read_number(key, value)
        for key, value in entries.items()
        if key.startswith("limit.") and value.strip()
    }
    return read_regimen.regimen(name, **limits).with_reference_ranges(_ranges(entries))


def _ranges(entries: Mapping[str, str]) -> dict[str, str]:
    """Return the reference ranges of the laboratory, by analyte; both limits are required."""
    found = {}
    for key, low in entries.items():
        analyte = key.removeprefix("range.").removesuffix(".low")
        high = entries.get(f"range.{analyte}.high", "")
        if not (key.startswith("range.") and key.endswith(".low")) or not (low + high).strip():
            continue
        ends = [read_number(f"{analyte}, reference range", end) for end in (low, high)]
        unit = entries.get(f"range.{analyte}.unit") or "IU/L"
        assay = entries.get(f"range.{analyte}.assay", "").strip()
        named = f" ({assay})" if assay else ""
        found[analyte] = f"{ends[0]!r} to {ends[1]!r} {unit}{named}"
    return found


def decided(entries: Mapping[str, str]) -> tuple[Regimen, Decision]:
    """Return the decision for the entries of a form.

    Raises
    ------
    InputError
        Lists every invalid entry.
    """
    regimen = chosen_regimen(entries)
    findings: dict[str, Any] = {}
    faults: list[Fault] = []
    for field in form_fields(regimen):
        text = entries.get(f"finding.{field.name}", "").strip()
        if not text:
            continue
        unit = entries.get(f"unit.{field.name}", "") or (field.units or ("",))[0]
        try:
            findings[finding_name(field.name)] = (
                text if field.choices else (read_number(field.label, text), unit)
            )
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    fsh = entries.get("fsh", "").strip()
    day = entries.get("decision_date") or dt.date.today().isoformat()
    if entries.get("start", "").strip():
        return regimen, _decided_in_course(regimen, entries, findings, day_of(day, "decision_date"))
    decision = regimen.decide(
        month=_whole("month", entries.get("month") or "1"),
        previous_phase=entries.get("previous_phase") or None,
        fsh=(fsh if fsh[0] in "<>" else read_number("FSH", fsh)) if fsh else None,
        fsh_unit=entries.get("fsh_unit") or "IU/L",
        findings=findings,
        decision_date=day,
    )
    return regimen, decision


def _decided_in_course(
    regimen: Regimen, entries: Mapping[str, str], findings: Mapping[str, Any], day: dt.date
) -> Decision:
    """Return the decision for a patient with given start, phases and results."""
    course = course_of(regimen, entries, day) or {}
    results = list(course["measurements"])
    fsh = entries.get("fsh", "").strip()
    if fsh:
        unit = entries.get("fsh_unit") or "IU/L"
        number = fsh if fsh[0] in "<>" else read_number("FSH", fsh)
        results.append({"date": day, "name": "fsh", "value": number, "unit": unit})
    for name, value in findings.items():
        number, unit = value if isinstance(value, tuple) else (value, None)
        named = {"unit": unit} if unit else {}
        results.append({"date": day, "name": name, "value": number, **named})
    patient = {
        "patient": entries.get("pseudonym", "").strip() or "patient",
        **course,
        "measurements": results,
    }
    return regimen.decide(patient, decision_date=day)


def _whole(field: str, text: str) -> int:
    if not text.strip().isdecimal():
        problem = f"{text[:40]!r} is not a whole number"
        raise InputError.of("form", field, problem, "give for example 2")
    return int(text)
