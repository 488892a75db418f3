"""The map file, which assigns the columns of a clinic's table to our variables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from protocol.errors import InputError
from protocol.reading.documents import Document, read_document
from protocol.reading.fields import Identifier
from protocol.reading.quantities import ucum
from simulate.core.coding import BASELINE, DIAGNOSES

#: Columns of 0 and 1 that a fit uses, with their meaning.
FLAGS: Mapping[str, str] = {
    "gonadotropin_therapy": "took hormones before sperm retrieval",
    "sperm_in_ejaculate": "sperm at the semen analysis after therapy; empty without one",
    "sperm_retrieved": "sperm found at micro-TESE; empty without surgery",
    "icsi": "had ICSI",
    "live_birth": "a live birth after ICSI; empty where unknown",
}

#: Every column that a fit may use.
KNOWN = (*BASELINE, "partner_age_years", "diagnosis", *FLAGS)

#: Columns that every fit needs.
NEEDED = ("gonadotropin_therapy",)


class MappedColumn(Document):
    """A column of the table: its name, its unit if it is not ours, and its words for our values.

    ``values`` gives, for each of our values, the words of the table that mean it.
    """

    column: str
    unit: str | None = None
    values: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("values", mode="before")
    @classmethod
    def _numbers_are_words(cls, given: object) -> object:
        """Read 0 and 1 as the words that they are in a table."""
        if not isinstance(given, Mapping):
            return given
        return {str(value): _as_words(words) for value, words in given.items()}

    @field_validator("unit")
    @classmethod
    def _known_unit(cls, given: str | None) -> str | None:
        if given is not None:
            ucum(given)
        return given

    @model_validator(mode="after")
    def _no_word_twice(self) -> "MappedColumn":
        words = [word for group in self.values.values() for word in group]
        if len(words) > len(set(words)):
            raise ValueError("a word of the table stands under two values; leave one out")
        return self


class ColumnMap(Document):
    """Columns of a table, allocation of the patients, and the scenario that is extended.

    Attributes
    ----------
    id
        Name of the scenario that is fitted.
    columns
        For each of `KNOWN` that the table has: its name there, or a `MappedColumn`.
    allocation
        ``own choice`` (therapy may depend on what is recorded) or ``randomised``.
    treated_regimen
        Regimen of the treated patients; None takes that of the scenario that is extended.
    extends
        Scenario that provides everything that is not in the table.
    """

    id: Identifier = "fitted"
    columns: dict[str, str | MappedColumn]
    allocation: Literal["own choice", "randomised"] = "own choice"
    treated_regimen: str | None = None
    extends: str = "paper"

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, given: dict[str, str | MappedColumn]) -> dict[str, str | MappedColumn]:
        for name in given:
            if name not in KNOWN:
                raise ValueError(f"{name!r} is unknown; choose from {', '.join(KNOWN)}")
        if lacking := [name for name in NEEDED if name not in given]:
            raise ValueError(f"{', '.join(lacking)} is needed; name its column")
        if not any(name in given for name in BASELINE):
            raise ValueError(f"name a column for one or more of {', '.join(BASELINE)}")
        return given

    @model_validator(mode="after")
    def _values_that_exist(self) -> "ColumnMap":
        for name, column in self.columns.items():
            if not isinstance(column, MappedColumn):
                continue
            ours = DIAGNOSES if name == "diagnosis" else ("0", "1") if name in FLAGS else ()
            for value in column.values:
                if value not in ours:
                    allowed = ", ".join(ours) or "none: it holds numbers"
                    raise ValueError(f"columns.{name}.values: {value!r} is unknown; {allowed}")
            if column.unit is not None and name in ("diagnosis", *FLAGS):
                raise ValueError(f"columns.{name}.unit: it has no unit; leave it out")
        return self

    def column(self, name: str) -> MappedColumn:
        """Return where the table has a value."""
        found = self.columns[name]
        return MappedColumn(column=found) if isinstance(found, str) else found


def _as_words(words: object) -> object:
    """Return a list with whole numbers as words; anything else stays, to be refused."""
    if not isinstance(words, list | tuple):
        return words
    return [str(w) if isinstance(w, int) and not isinstance(w, bool) else w for w in words]


def read_column_map(path: Path) -> ColumnMap:
    """Read the file of an option ``--mapping``."""
    return read_document(path, ColumnMap)


def column_map_of(header: tuple[str, ...], where: str) -> ColumnMap:
    """Return the map of a table whose columns have our own names.

    Raises
    ------
    InputError
        None of them has, or therapy is not among them.
    """
    found = {name: name for name in KNOWN if name in header}
    if "gonadotropin_therapy" not in found or not any(name in found for name in BASELINE):
        problem = "its columns do not have the names of a simulated table"
        cure = "give a map (--mapping) that assigns the columns"
        raise InputError.of(where, "", problem, cure)
    return ColumnMap(columns=dict(found))
