"""Results as they are reported, turned into observations in the units of a regimen's inputs."""

import re
from dataclasses import dataclass

from protocol.bedside.known.plausible import value_problem
from protocol.bedside.known.timeline import Observation, Qualifier
from protocol.errors import InputError
from protocol.reading.analytes import Analyte
from protocol.reading.numbers import cure_of, number_of, shown
from protocol.reading.quantities import convert
from protocol.reading.shown import shown_unit
from protocol.regimen.conditions import Value
from protocol.regimen.parts import analyte_of
from protocol.regimen.rules import Regimen

_BEYOND = re.compile(r"\s*([<>])\s*(.+)")

#: Units of counts, which need not be written.
COUNTED = ("1", "month")


@dataclass(frozen=True, slots=True)
class Reported:
    """A result as it was written. Days are ordinals; ``field`` is its field in ``where``."""

    name: str
    value: Value
    unit: str | None
    measured: int
    known: int
    where: str
    field: str
    source: str | None = None
    row: int = 0
    assay: str | None = None


def observations_of(result: Reported, regimen: Regimen) -> tuple[Observation, ...]:
    """Return a result as one observation for every input that uses it, in that input's unit.

    Raises
    ------
    InputError
        For a name that the regimen does not use, a missing unit or one that cannot be converted,
        a value outside the plausible range, and an input that is never measured.
    """
    if result.name in regimen.analytes:
        if inputs := regimen.inputs_of(result.name):
            return tuple(_number(result, regimen, name) for name in inputs)
        raise _unknown(result, regimen)
    spec = regimen.inputs.get(result.name)
    if spec is None:
        raise _unknown(result, regimen)
    if spec.role == "state" or spec.computed is not None:
        cure = (
            f"it is computed from results of {spec.computed.of}; give those"
            if spec.computed
            else "it follows from the course of therapy; give `--month`, or `started` and `phases`"
        )
        raise InputError.of(result.where, f"{result.field}.name", "it is never measured", cure)
    if spec.kind == "enum":
        return (_named(result, regimen),)
    return (_number(result, regimen, result.name),)


def _unknown(result: Reported, regimen: Regimen) -> InputError:
    analytes = [name for name in regimen.analytes if regimen.inputs_of(name)]
    findings = [
        name
        for name, spec in regimen.inputs.items()
        if spec.kind == "enum" and spec.role == "measured"
    ]
    problem = f"{regimen.id} does not use {result.name!r}"
    known = f"known: {', '.join([*analytes, *findings])}"
    return InputError.of(result.where, f"{result.field}.name", problem, known)


def _named(result: Reported, regimen: Regimen) -> Observation:
    if result.unit is not None:
        problem = "this finding has no unit"
        raise InputError.of(result.where, f"{result.field}.unit", problem, "remove it")
    return _checked(result, regimen, result.name, result.value, "", "")


def _number(result: Reported, regimen: Regimen, name: str) -> Observation:
    spec = regimen.inputs[name]
    wanted = spec.unit or "1"
    qualifier, number = _parsed(result)
    analyte = regimen.analytes.get(analyte_of(name, spec) or "")
    if result.unit is None and wanted in COUNTED:
        return _checked(result, regimen, name, number, qualifier, "")
    if result.unit is None:
        cure = f"give one, for example {analyte.unit if analyte else wanted}"
        raise InputError.of(result.where, f"{result.field}.unit", "the unit is missing", cure)
    place = f"{result.where}: {result.field}: {result.name}"
    if result.unit == wanted:
        return _checked(result, regimen, name, number, qualifier, "")
    known = analyte or Analyte(label=spec.label, unit=wanted)
    value = convert(known, number, result.unit, wanted, place)
    same = value == number and shown_unit(wanted) == result.unit
    note = "" if same else f"given as {qualifier}{number:.6g} {result.unit}"
    return _checked(result, regimen, name, value, qualifier, note)


def _parsed(result: Reported) -> tuple[Qualifier, float]:
    """Return the number of a result and its qualifier (below or above a limit of detection)."""
    value, qualifier = result.value, ""
    if isinstance(value, str) and (beyond := _BEYOND.fullmatch(value)):
        qualifier, value = beyond.groups()
    number = number_of(value) if isinstance(value, str) else value
    if number is None or (isinstance(result.value, str) and not qualifier):
        cure = cure_of(str(result.value), "give the measured number, or '<' and a limit")
        problem = f"{shown(str(result.value))} is not a number"
        raise InputError.of(result.where, f"{result.field}.value", problem, cure)
    return ("<" if qualifier == "<" else ">" if qualifier else ""), float(number)


def _checked(
    result: Reported, regimen: Regimen, name: str, value: Value, qualifier: Qualifier, note: str
) -> Observation:
    spec = regimen.inputs[name]
    found = value_problem(spec, value)
    if not found and qualifier and spec.plausible and value in spec.plausible:
        found = (f"nothing lies beyond {qualifier}{value:g}", "give the limit of detection")
    if found:
        raise InputError.of(result.where, f"{result.field}.value", *found)
    return Observation(
        name,
        value,
        result.measured,
        result.known,
        qualifier,
        result.source,
        note,
        result.row,
        result.assay,
    )
