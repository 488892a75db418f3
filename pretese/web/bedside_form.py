"""The form of the bedside page: its fields from the regimen, and its entries as a question."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pretese
from pretese.api.protocols.decisions import Decision
from pretese.api.protocols.regimens import Regimen
from protocol.errors import Fault, InputError
from protocol.regimen.parts import Input

#: Units offered beside a value, by the analyte that its input measures; the first is preselected.
UNITS = {
    "fsh": ("IU/L", "mIU/mL"),
    "lh": ("IU/L", "mIU/mL"),
    "testosterone": ("nmol/L", "ng/mL", "ng/dL"),
    "estradiol": ("pmol/L", "pg/mL"),
    "prolactin": ("ng/mL", "mIU/L"),
}

#: Inputs that the form asks for by name, or that the regimen derives itself.
ASKED_APART = ("month", "previous_phase", "fsh_iu_l", "criteria", "testosterone_rise_nmol_l")


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of the form: a number with its units, or a choice among values."""

    name: str
    label: str
    units: tuple[str, ...]
    choices: tuple[str, ...]


def form_fields(regimen: Regimen) -> tuple[FormField, ...]:
    """Return the findings that a regimen can use, in its order."""
    return tuple(
        _field(name, each)
        for name, each in regimen.compiled.inputs.items()
        if name not in ASKED_APART
    )


def _field(name: str, each: Input) -> FormField:
    analyte = finding_name(name)
    units = UNITS.get(analyte, (each.unit,) if each.unit else ())
    return FormField(name, each.label, units, tuple(each.values))


def finding_name(name: str) -> str:
    """Return the name under which a finding is given: the input without its unit.

    >>> finding_name("testosterone_nmol_l"), finding_name("semen")
    ('testosterone', 'semen')
    """
    for end in ("_iu_l", "_nmol_l", "_pmol_l", "_ng_ml", "_percent", "_g", "_minutes"):
        if name.endswith(end):
            return name.removesuffix(end)
    return name


def chosen_regimen(entries: Mapping[str, str]) -> Regimen:
    """Return the regimen that is asked for, with the limits of the laboratory."""
    shipped = pretese.shipped().regimens
    name = entries.get("regimen") or "fsh-guided"
    if name not in shipped:  # a path would open files of the server
        cure = f"choose from {', '.join(shipped)}"
        raise InputError.of("form", "regimen", f"{name[:60]!r} is not a shipped regimen", cure)
    limits = {
        key.removeprefix("limit."): _number(key, value)
        for key, value in entries.items()
        if key.startswith("limit.") and value.strip()
    }
    return pretese.regimen(name, **limits)


def decided(entries: Mapping[str, str]) -> tuple[Regimen, Decision]:
    """Return the decision that the entries of a form ask for.

    Raises
    ------
    InputError
        Names every entry that cannot be used.
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
                text if field.choices else (_number(field.label, text), unit)
            )
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    fsh = entries.get("fsh", "").strip()
    decision = regimen.decide(
        month=_whole("month", entries.get("month") or "1"),
        previous_phase=entries.get("previous_phase") or None,
        fsh=_number("FSH", fsh) if fsh else None,
        fsh_unit=entries.get("fsh_unit") or "IU/L",
        findings=findings,
        decision_date=entries.get("decision_date") or dt.date.today(),
    )
    return regimen, decision


def _number(field: str, text: str) -> float:
    """Read a number with a decimal point or a decimal comma."""
    from protocol.reading.numbers import read_number

    clean = text.strip()
    if clean.count(",") == 1 and "." not in clean and len(clean.partition(",")[2]) != 3:
        clean = clean.replace(",", ".")
    return read_number(clean, field, "")


def _whole(field: str, text: str) -> int:
    if not text.strip().isdecimal():
        problem = f"{text[:40]!r} is not a whole number"
        raise InputError.of("form", field, problem, "give for example 2")
    return int(text)
