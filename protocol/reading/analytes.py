"""Analytes and their units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Dimension = Literal["activity", "substance", "mass", "share"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A UCUM unit: its dimension, and its size in the base unit of that dimension.

    Values in a unit that is ``refused`` are not converted, for the reason given.
    """

    dimension: Dimension
    in_base: float
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Analyte:
    """An analyte.

    Mass and substance are converted only if the molar mass is declared. ``input`` is the default
    input of decision tables that uses it.
    """

    label: str
    unit: str
    input: str | None = None
    formula: str | None = None
    molar_mass_g_mol: float | None = None
    source: str | None = None
    refused: Mapping[Dimension, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnalyteTable:
    """The whole of ``analytes.yaml``."""

    units: Mapping[str, Unit]
    aliases: Mapping[str, str]
    sources: Mapping[str, str]
    analytes: Mapping[str, Analyte]
