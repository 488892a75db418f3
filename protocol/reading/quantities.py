"""Units: UCUM, the usual spellings, and conversion of declared analytes only."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from protocol.errors import InputError
from protocol.reading.analytes import Analyte, AnalyteTable, Unit
from protocol.reading.stored import shipped_value

if TYPE_CHECKING:
    from decimal import Decimal

#: File that stores the checked table.
STORED = "analytes"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured value as given and in the unit that tables use.

    ``ucum`` is the normalised spelling of the given unit; ``value`` and ``unit`` are used by the
    tables.
    """

    analyte: str
    input: str
    given_value: float
    given_unit: str
    ucum: str
    value: float
    unit: str

    def __str__(self) -> str:
        """Return the value, with the given value if it was spelt or measured differently."""
        shown = f"{self.value:.6g} {self.unit}"
        if self.given_unit == self.unit:
            return shown
        return f"{shown} (given as {self.given_value:.6g} {self.given_unit})"


@cache
def analyte_file() -> AnalyteTable:
    """Return the shipped analytes and units."""
    found = shipped_value(STORED, (AnalyteTable, Analyte, Unit))
    if isinstance(found, AnalyteTable):
        return found
    from protocol.reading.analyte_table import read_analytes  # loads pydantic

    return read_analytes()


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
    """Return a measured value of a shipped analyte in the analyte's own unit.

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
    analytes = analyte_file().analytes
    if analyte not in analytes:
        known = ", ".join(analytes)
        raise InputError.of(where, analyte, "this is not a known analyte", f"known: {known}")
    declared = analytes[analyte]
    place = f"{where}: {analyte}"
    converted = convert(declared, value, unit, declared.unit, place)
    name = ucum(unit, place)
    own = declared.input or analyte
    return Quantity(analyte, own, value, unit, name, converted, declared.unit)


def convert(analyte: Analyte, value: float, unit: str, wanted: str, where: str) -> float:
    """Return a value in another unit of the same analyte, as decimal arithmetic gives it.

    Examples
    --------
    >>> lh = analyte_file().analytes["lh"]
    >>> convert(lh, 0.0111, "[IU]/mL", "[IU]/L", "lh")
    11.1
    """
    given, asked = ucum(unit, where), ucum(wanted, where)
    if given == asked:
        return value
    factor = _factor(analyte, given, asked, where, unit)
    return value if factor == 1 else float(f"{_decimal(value) * factor:.12g}")


def convertible(analyte: Analyte | None, unit: str, wanted: str) -> bool:
    """Whether values in ``unit`` can be given in ``wanted``; equal spellings always can."""
    if unit == wanted:
        return True
    try:
        convert(analyte or Analyte(label="it", unit=wanted), 1.0, unit, wanted, "")
    except InputError:
        return False
    return True


def is_concentration(unit: str) -> bool:
    """Whether a unit is an amount per volume, of which there are several for one analyte."""
    name = analyte_file().aliases.get(unit, unit)
    known = analyte_file().units.get(name)
    return known is not None and known.dimension != "share"


def _factor(analyte: Analyte, unit: str, wanted_unit: str, where: str, wording: str) -> "Decimal":
    """Return what a number in ``unit`` is multiplied by; units are UCUM here."""
    units = analyte_file().units
    given, wanted = units[unit], units[wanted_unit]
    ratio = _decimal(given.in_base) / _decimal(wanted.in_base)
    if given.refused and unit != wanted_unit and given.dimension == wanted.dimension:
        problem = f"{wording!r} is refused for {analyte.label}"
        raise InputError.of(where, "unit", problem, given.refused)
    if given.dimension == wanted.dimension:
        return ratio
    if {given.dimension, wanted.dimension} == {"mass", "substance"} and analyte.molar_mass_g_mol:
        grams = _decimal(analyte.molar_mass_g_mol)
        return ratio / grams if given.dimension == "mass" else ratio * grams
    reason = analyte.refused.get(
        given.dimension, f"{analyte.label} is measured in {wanted_unit}, not as {given.dimension}"
    )
    raise InputError.of(where, "unit", f"{wording!r} cannot be turned into {wanted_unit}", reason)


def _decimal(number: float) -> "Decimal":
    from decimal import Decimal

    return Decimal(repr(number))
