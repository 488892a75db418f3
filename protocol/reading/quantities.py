"""Units: UCUM, the spellings that people use, and conversion of declared analytes only."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field

from protocol.errors import InputError
from protocol.reading.documents import Document, parse_document
from protocol.reading.fields import Number

Dimension = Literal["activity", "substance", "mass", "share"]


class Unit(Document):
    """A UCUM unit: what it measures, and how much of that dimension's base unit it is."""

    dimension: Dimension
    in_base: Annotated[Number, Field(ge=1e-15, le=1e6)]


class Analyte(Document):
    """Something measured. Mass and substance convert only where the molar mass is declared."""

    input: str
    label: str
    unit: str
    formula: str | None = None
    molar_mass_g_mol: Annotated[Number, Field(ge=1, le=1e6)] | None = None
    source: str | None = None
    refused: dict[Dimension, str] = Field(default_factory=dict)


class AnalyteFile(Document):
    """The whole of ``analytes.yaml``."""

    units: dict[str, Unit]
    aliases: dict[str, str]
    sources: dict[str, str]
    analytes: dict[str, Analyte]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured value as it came and in the unit that tables use.

    ``ucum`` is the normalised spelling of the unit that came; ``value`` and ``unit`` are what the
    tables see.
    """

    analyte: str
    input: str
    given_value: float
    given_unit: str
    ucum: str
    value: float
    unit: str

    def __str__(self) -> str:
        """Return the value, and what came where it was spelt or measured differently."""
        shown = f"{self.value:.6g} {self.unit}"
        if self.given_unit == self.unit:
            return shown
        return f"{shown} (given as {self.given_value:.6g} {self.given_unit})"


@cache
def analyte_file() -> AnalyteFile:
    """Return the shipped analytes and units."""
    path = resources.files("protocol") / "analytes.yaml"
    return parse_document(path.read_text(encoding="utf-8"), AnalyteFile, "analytes.yaml")


def ucum(unit: str, where: str = "unit") -> str:
    """Return the UCUM spelling of a unit or of one of its documented aliases.

    >>> ucum("mIU/mL"), ucum("u/L"), ucum("nmol/L")
    ('m[IU]/mL', '[IU]/L', 'nmol/L')
    """
    file = analyte_file()
    name = file.aliases.get(unit.strip(), unit.strip())
    if name not in file.units:
        known = ", ".join([*file.units, *file.aliases])
        raise InputError.of(where, "unit", f"{unit!r} is not a known unit", f"known: {known}")
    return name


def quantity(analyte: str, value: float, unit: str, where: str = "measurement") -> Quantity:
    """Return a measured value in the unit of the tables.

    Raises
    ------
    InputError
        For an analyte or unit that is not declared, and for a unit that the analyte cannot have,
        with the reason.

    Examples
    --------
    >>> print(quantity("testosterone", 300, "ng/dL"))
    10.4011 nmol/L (given as 300 ng/dL)
    >>> print(quantity("fsh", 11.1, "mIU/mL"))
    11.1 [IU]/L (given as 11.1 mIU/mL)
    """
    file = analyte_file()
    if analyte not in file.analytes:
        known = ", ".join(file.analytes)
        raise InputError.of(where, analyte, "this is not a known analyte", f"known: {known}")
    declared = file.analytes[analyte]
    name = ucum(unit, f"{where}: {analyte}")
    factor = _factor(file, declared, name, f"{where}: {analyte}")
    converted = value if factor == 1 else value * factor
    return Quantity(analyte, declared.input, value, unit, name, converted, declared.unit)


def _factor(file: AnalyteFile, analyte: Analyte, unit: str, where: str) -> float:
    given, wanted = file.units[unit], file.units[analyte.unit]
    ratio = given.in_base / wanted.in_base
    if given.dimension == wanted.dimension:
        return 1.0 if abs(ratio - 1) < 1e-12 else ratio
    pair = {given.dimension, wanted.dimension}
    if pair == {"mass", "substance"} and analyte.molar_mass_g_mol:
        per_gram = 1 / analyte.molar_mass_g_mol
        return ratio * (per_gram if given.dimension == "mass" else 1 / per_gram)
    reason = analyte.refused.get(
        given.dimension, f"{analyte.label} is measured in {analyte.unit}, not as {given.dimension}"
    )
    raise InputError.of(where, "unit", f"{unit!r} cannot be turned into {analyte.unit}", reason)
