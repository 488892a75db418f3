"""The clinic's own reference range of an assay, as a field of a file or as text."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from protocol.bedside.known.reference_range import ReferenceRange
from protocol.errors import InputError
from protocol.reading.documents import Document, validate
from protocol.reading.fields import Name, Number
from protocol.reading.numbers import cure_of, number_of, shown

_TEXT = re.compile(
    r"\s*(?P<analyte>[a-z_]+)\s*=\s*(?P<low>\S+)\s+to\s+(?P<high>\S+)\s+(?P<unit>[^\s(]+)"
    r"\s*(?:\((?P<assay>.+)\))?\s*"
)
_EXAMPLE = "'fsh=1.5 to 12.4 IU/L', with the assay in brackets if there are several"


class RangeEntry(Document):
    """As `protocol.bedside.known.reference_range.ReferenceRange`."""

    analyte: Name
    low: Annotated[Number, Field(ge=-1e6, le=1e6)]
    high: Annotated[Number, Field(ge=-1e6, le=1e6)]
    unit: str
    assay: str | None = None

    @model_validator(mode="after")
    def _rises(self) -> "RangeEntry":
        if self.low >= self.high:
            raise ValueError(f"{self.low:g} to {self.high:g} is not a range; give the lower first")
        return self

    def as_range(self) -> ReferenceRange:
        """Return the stated range."""
        return ReferenceRange(self.analyte, self.low, self.high, self.unit, self.assay)


def range_from(fields: Mapping[str, Any], where: str) -> ReferenceRange:
    """Return the range stated by fields; every fault is reported in one `InputError`."""
    return validate(dict(fields), RangeEntry, where).as_range()


def range_of(text: str, where: str) -> ReferenceRange:
    """Return the range stated by a text such as ``fsh=1.5 to 12.4 IU/L (our assay)``.

    Examples
    --------
    >>> found = range_of("fsh=1.5 to 12.4 IU/L (Elecsys)", "reference_ranges")
    >>> found.low, found.high, found.unit, found.assay
    (1.5, 12.4, 'IU/L', 'Elecsys')
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        problem = f"{shown(text)} is not understood"
        raise InputError.of(where, "", problem, f"write {_EXAMPLE}")
    ends = []
    for end in ("low", "high"):
        number = number_of(found[end])
        if number is None:
            problem = f"{shown(found[end])} is not a number"
            raise InputError.of(where, found["analyte"], problem, cure_of(found[end]))
        ends.append(number)
    return range_from({**found.groupdict(), "low": ends[0], "high": ends[1]}, where)
