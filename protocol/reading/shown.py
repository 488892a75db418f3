"""Units as they are usually written."""

#: UCUM as it is usually written.
SHOWN_UNITS = {"[IU]/L": "IU/L", "1": "", "[g]": "g", "month": ""}


def shown_unit(unit: str | None) -> str:
    """Return a UCUM unit as it is usually written.

    >>> shown_unit("[IU]/L"), shown_unit("nmol/L"), shown_unit(None)
    ('IU/L', 'nmol/L', '')
    """
    return SHOWN_UNITS.get(unit or "", unit or "")
