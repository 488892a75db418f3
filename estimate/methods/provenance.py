"""The code, source and agreement of a method, as the registries of methods state them."""

from dataclasses import dataclass

#: Source of a method that needs no citation.
STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Source of the numbers of a method, and reference with which they are compared.

    `docs/reference/estimators.md` and `pretese.estimators` are written from it.

    Attributes
    ----------
    code
        Module and function that compute it.
    source
        Publication that describes it; `STANDARD` for what any textbook describes.
    equals
        Functions of R, or formulas, with which `tests/reference` compares it.
    agreement
        Largest relative difference from them.
    library
        Library that fits the model; empty for own code.
    """

    code: str
    source: str
    equals: str
    agreement: str
    library: str = ""
