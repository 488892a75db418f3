"""Printed units and their UCUM codes."""

from dataclasses import dataclass

#: UCUM code to the words of a clinic, where they differ by more than the brackets of `[IU]`; in
#: plain ASCII, for formats that know no other.
_WORDS = {
    "a": "years",
    "mo": "months",
    "wk": "weeks",
    "d": "days",
    "h": "hours",
    "min": "minutes",
}

#: Units without a UCUM code: dimensionless scales with a name of their own.
_SCALES = ("log odds", "log")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: as printed, and its UCUM code. Both empty for codes, flags and names."""

    printed: str
    ucum: str

    def __str__(self) -> str:
        """Return both writings, or what there is of them, for labels and notes.

        >>> [str(unit_of(declared)) for declared in ("[IU]/L", "1", "")]
        ['IU/L, UCUM [IU]/L', 'UCUM 1', '']
        """
        code = f"UCUM {self.ucum}" if self.ucum else ""
        return ", ".join(filter(None, (self.printed, code)))


def unit_of(declared: str) -> Unit:
    """Return both writings of a unit as `simulate.tables.study_tables.Column` declares it.

    >>> unit_of("[IU]/L")
    Unit(printed='IU/L', ucum='[IU]/L')
    >>> unit_of("log odds")
    Unit(printed='log odds', ucum='1')
    >>> unit_of("1")
    Unit(printed='', ucum='1')
    """
    if declared in _SCALES:
        return Unit(declared, "1")
    if declared == "1":
        return Unit("", "1")
    return Unit(_WORDS.get(declared, declared.replace("[", "").replace("]", "")), declared)
