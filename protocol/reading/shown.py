"""Units as people write them."""

#: UCUM as people write it.
SHOWN_UNITS = {"[IU]/L": "IU/L", "1": "", "[g]": "g", "month": ""}


def shown_unit(unit: str | None) -> str:
    """Return a UCUM unit as people write it.

    >>> shown_unit("[IU]/L"), shown_unit("nmol/L"), shown_unit(None)
    ('IU/L', 'nmol/L', '')
    """
    return SHOWN_UNITS.get(unit or "", unit or "")
