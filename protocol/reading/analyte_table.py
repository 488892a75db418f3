"""Read ``analytes.yaml``: units and analytes."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from protocol.reading.analytes import Analyte, AnalyteTable, Dimension, Unit
from protocol.reading.documents import Document, parse_document
from protocol.reading.fields import Number

PATH = Path(__file__).parents[1] / "analytes.yaml"


class UnitSpec(Document):
    """As `protocol.reading.analytes.Unit`, within bounds."""

    dimension: Dimension
    in_base: Annotated[Number, Field(ge=1e-15, le=1e6)]
    refused: str | None = None


class AnalyteSpec(Document):
    """As `protocol.reading.analytes.Analyte`, within bounds."""

    input: str | None = None
    label: str
    unit: str
    formula: str | None = None
    molar_mass_g_mol: Annotated[Number, Field(ge=1, le=1e6)] | None = None
    source: str | None = None
    refused: dict[Dimension, str] = Field(default_factory=dict)


class AnalyteFile(Document):
    """The whole of ``analytes.yaml``."""

    units: dict[str, UnitSpec]
    aliases: dict[str, str]
    sources: dict[str, str]
    analytes: dict[str, AnalyteSpec]


def read_analytes() -> AnalyteTable:
    """Return the shipped analytes and units from their file."""
    file = parse_document(PATH.read_text(encoding="utf-8"), AnalyteFile, PATH.name)
    return AnalyteTable(
        units={
            name: Unit(unit.dimension, unit.in_base, unit.refused)
            for name, unit in file.units.items()
        },
        aliases=file.aliases,
        sources=file.sources,
        analytes={name: analyte_of_file(each) for name, each in file.analytes.items()},
    )


def analyte_of_file(entry: AnalyteSpec) -> Analyte:
    """Return the analyte that a file declares."""
    return Analyte(**{name: getattr(entry, name) for name in AnalyteSpec.model_fields})
