"""What a file may say of the clinic's own reference range of an assay."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from protocol.bedside.known.reference_range import ReferenceRange
from protocol.reading.documents import Document, validate
from protocol.reading.fields import Name, Number


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
        """Return the range that it states."""
        return ReferenceRange(self.analyte, self.low, self.high, self.unit, self.assay)


def range_from(fields: Mapping[str, Any], where: str) -> ReferenceRange:
    """Return the range that fields state; every fault is reported in one `InputError`."""
    return validate(dict(fields), RangeEntry, where).as_range()
