"""The clinic's own reference range of an assay, in place of the regimen's normal range."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from protocol.errors import InputError
from protocol.reading.quantities import convert
from protocol.reading.shown import shown_unit
from protocol.regimen.parts import NewValue
from protocol.regimen.rules import Regimen


@dataclass(frozen=True, slots=True)
class ReferenceRange:
    """The reference range of one analyte; both ends belong to it.

    ``assay`` names the assay or laboratory if results of several are used.
    """

    analyte: str
    low: float
    high: float
    unit: str
    assay: str | None = None


def parameters_of_ranges(
    regimen: Regimen, ranges: Iterable[ReferenceRange], where: str
) -> dict[str, NewValue]:
    """Return the parameters of a regimen that ranges replace, each with its source.

    Raises
    ------
    InputError
        For an analyte whose normal range the regimen does not use or that has two ranges, and for
        a unit that cannot be converted.
    """
    found: dict[str, NewValue] = {}
    for own in ranges:
        field = f"reference_ranges.{own.analyte}"
        names = regimen.reference_ranges.get(own.analyte)
        if names is None:
            known = ", ".join(regimen.reference_ranges) or "no analyte"
            problem = f"{regimen.id} decides nothing by a normal range of {own.analyte!r}"
            raise InputError.of(where, field, problem, f"it uses that of: {known}")
        for name, value in ((names.low, own.low), (names.high, own.high)):
            if name is None:
                continue
            if name in found:
                cure = "give one range, or name the assay of each result"
                raise InputError.of(where, field, "two ranges are given", cure)
            unit = regimen.parameters[name].unit
            number = convert(regimen.analytes[own.analyte], value, own.unit, unit, field)
            found[name] = NewValue(number, "the clinic", _wording(own))
    return found


def _wording(own: ReferenceRange) -> str:
    assay = f" of {own.assay}" if own.assay else ""
    return f"reference range{assay}: {own.low:g} to {own.high:g} {shown_unit(own.unit)}"


def ranges_in_use(
    ranges: Iterable[ReferenceRange], assays: Mapping[str, str | None], where: str
) -> tuple[ReferenceRange, ...]:
    """Return the range of each analyte that fits the assay of the result that counts.

    Parameters
    ----------
    assays
        For each analyte with a result, the assay that the result names; None if it names none.

    Raises
    ------
    InputError
        Where a result does not name one of several assays, or names one without a range.
    """
    by_analyte: dict[str, list[ReferenceRange]] = {}
    for own in ranges:
        by_analyte.setdefault(own.analyte, []).append(own)
    return tuple(
        chosen
        for analyte, several in by_analyte.items()
        if (chosen := _fitting(several, assays.get(analyte), analyte in assays, where))
    )


def _fitting(
    several: list[ReferenceRange], assay: str | None, measured: bool, where: str
) -> ReferenceRange | None:
    if assay is None and len(several) == 1:
        return several[0]
    if not measured:
        return None
    fits = [own for own in several if own.assay == assay]
    if len(fits) == 1:
        return fits[0]
    known = ", ".join(own.assay or "one without name" for own in several)
    came = f"the assay {assay!r} has no range" if assay else "the result names no assay"
    raise InputError.of(
        where, f"reference_ranges.{several[0].analyte}", came, f"there are ranges for: {known}"
    )
