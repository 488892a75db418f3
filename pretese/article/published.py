"""The figures of a published study, as data: value, unit, place in the article, rounding."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from protocol.errors import Fault, InputError
from protocol.reading.documents import Document, parse_document, read_text
from protocol.reading.fields import Number as FileNumber
from protocol.reading.fields import Whole
from protocol.reading.stored import content_hash
from simulate.core.shipped import published_path

Text = Annotated[str, Field(min_length=1)]

Unit = Literal[
    "patients", "couples", "pairs", "embryos", "occasions", "knots",
    "percent", "percentage points", "ratio", "log odds", "probability", "standard deviations",
    "calendar year", "years", "months", "weeks", "days", "hours", "minutes",
    "kg/m2", "mL", "IU/L", "nmol/L", "pmol/L", "ng/mL", "IU", "million/mL", "g", "fold",
]  # fmt: skip

Relation = Literal["equals", "below", "above", "at least", "up to", "about"]


class PrintedPlace(Document):
    """A location in the article; paragraphs count from 1 within their part."""

    part: Text
    paragraph: Annotated[Whole, Field(ge=1, le=100_000)] | None = None
    row: Text | None = None
    column: Text | None = None
    #: The printed characters, if they differ from the digits of the value.
    printed: Text | None = None

    def __str__(self) -> str:
        """Return the location in words.

        >>> print(PrintedPlace(part="Table 1", row="Age (years)", column="Overall"))
        Table 1, row Age (years), column Overall
        """
        return ", ".join([self.part, *(f"{name} {value}" for name, value in self._details())])

    def _details(self) -> Iterator[tuple[str, str | int]]:
        if self.paragraph is not None:
            yield "paragraph", self.paragraph
        if self.row is not None:
            yield "row", self.row
        if self.column is not None:
            yield "column", self.column


class PublishedNumber(Document):
    """A figure: printed in the article (it has ``at``) or derived (it has ``rule`` and ``inputs``).

    ``decimals`` counts the digits after the point that rounding kept; None means that the figure is
    exact: a count, a dose, a threshold. ``relation`` is the relation of the true figure to
    ``value`` ("below" for "P < 0.05").
    """

    value: Annotated[FileNumber, Field(ge=-1e9, le=1e9)]
    unit: Unit
    label: Text
    decimals: Annotated[Whole, Field(ge=0, le=8)] | None = None
    relation: Relation = "equals"
    printed_unit: Text | None = None
    reading: Text | None = None
    at: tuple[PrintedPlace, ...] = ()
    rule: Text | None = None
    inputs: tuple[str, ...] = ()

    @property
    def is_derived(self) -> bool:
        """Whether the figure is derived from others instead of printed in the article."""
        return self.rule is not None

    @property
    def half_width(self) -> float:
        """Half a unit of the last digit, in the figure's own unit; 0 for an exact figure.

        >>> PublishedNumber(value=31.2, decimals=1, unit="percent", label="retrieval").half_width
        0.05
        """
        return 0.0 if self.decimals is None else float(f"5e-{self.decimals + 1}")

    @property
    def digits(self) -> str:
        """The value with its printed digits.

        >>> PublishedNumber(value=6.2, decimals=2, unit="mL", label="volume").digits
        '6.20'
        """
        return f"{self.value:.15g}" if self.decimals is None else f"{self.value:.{self.decimals}f}"

    def agrees_with(self, exact: float) -> bool:
        """Return whether ``exact`` rounds to this figure.

        Both ends of the rounding interval agree, since halves may be rounded either way: 31.25
        is printed as 31.2 by some programs and as 31.3 by others.

        >>> retrieval = PublishedNumber(value=31.2, decimals=1, unit="percent", label="retrieval")
        >>> retrieval.agrees_with(31.25), retrieval.agrees_with(31.26)
        (True, False)
        """
        # Tolerance for the binary representation of decimal digits, a millionth of any half-width.
        slack = 1e-12 * max(1.0, abs(self.value))
        return abs(exact - self.value) <= self.half_width + slack


class Statement(Document):
    """A result that the article gives as a direction or a verdict, without a figure of its own."""

    kind: Literal[
        "difference", "no significant difference", "significant", "direction", "balance", "design"
    ]
    text: Text
    about: tuple[str, ...] = ()
    at: Annotated[tuple[PrintedPlace, ...], Field(min_length=1)]


class NotPrinted(Document):
    """Results that the article mentions and whose figures are not available, with the reason."""

    what: Text
    reason: Text
    at: Annotated[tuple[PrintedPlace, ...], Field(min_length=1)]


class Finding(Document):
    """An inconsistency or ambiguity of the article."""

    kind: Literal[
        "inconsistency", "ambiguity", "gap", "rounding", "unit", "convention", "estimand",
        "observation", "wording",
    ]  # fmt: skip
    text: Text
    about: tuple[str, ...] = ()
    at: Annotated[tuple[PrintedPlace, ...], Field(min_length=1)]


class SourceArticle(Document):
    """The article of the figures, and the parts that were read."""

    about: Text
    journal: Text
    year: Annotated[Whole, Field(ge=1900, le=2100)]
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")]
    design: Text
    read_from: Text


class PublishedStudy(Document):
    """All figures of one article. `number` looks one up; `numbers` holds them in file order."""

    study: SourceArticle
    parts: tuple[Text, ...]
    printed: Mapping[str, PublishedNumber]
    derived: Mapping[str, PublishedNumber]
    statements: Mapping[str, Statement]
    not_printed: Mapping[str, NotPrinted]
    findings: Mapping[str, Finding]

    @cached_property
    def numbers(self) -> Mapping[str, PublishedNumber]:
        """Every figure by id, printed ones first; read only."""
        return MappingProxyType({**self.printed, **self.derived})

    def number(self, number_id: str) -> PublishedNumber:
        """Return one figure; an unknown id is an `InputError` that names the nearest ids.

        >>> load_published("rbe-2022-00934").number("table1.fsh_iu_l.treated.median").value
        17.98
        """
        if number_id not in self.numbers:
            raise InputError.of(
                f"published numbers of {self.study.doi}", number_id, "there is no such number",
                nearest(number_id, self.numbers),
            )  # fmt: skip
        return self.numbers[number_id]


def load_published(name: str | Path) -> PublishedStudy:
    """Read a published study by shipped name (``rbe-2022-00934``) or from a file.

    Raises
    ------
    InputError
        There is no such study, or its file has faults: all of them are listed, broken references
        between entries included.
    """
    return load_published_hashed(name)[0]


def load_published_hashed(name: str | Path) -> tuple[PublishedStudy, str]:
    """Read a published study once; return it with the hash of its text."""
    path = published_path(name)
    text = read_text(path)
    study = parse_document(text, PublishedStudy, str(path))
    faults = [Fault(str(path), *parts) for parts in _broken(study)]
    if faults:
        raise InputError(faults)
    return study, content_hash(text)


def nearest(number_id: str, known: Iterable[str]) -> str:
    """Return the suggestion for an unknown id: similar ids."""
    near = get_close_matches(number_id, known, n=3, cutoff=0.5)
    return f"did you mean {', '.join(near)}?" if near else "`numbers` holds all ids"


def _broken(study: PublishedStudy) -> Iterator[tuple[str, str, str]]:
    """Yield field, problem and cure of inconsistencies between entries."""
    for number_id, number in study.printed.items():
        if not number.at or number.is_derived or number.inputs:
            yield (
                f"printed.{number_id}",
                "it lacks `at` or has a rule",
                "give the place where it is printed",
            )
        if number_id.startswith("derived."):
            yield f"printed.{number_id}", "a printed figure is named derived", "move or rename it"
    yield from _broken_derived(study)
    yield from _broken_parts(study)
    for field in ("statements", "findings"):
        for entry_id, entry in getattr(study, field).items():
            for other in entry.about:
                if other not in study.numbers:
                    cure = nearest(other, study.numbers)
                    yield f"{field}.{entry_id}", f"about names the unknown {other!r}", cure


def _broken_derived(study: PublishedStudy) -> Iterator[tuple[str, str, str]]:
    """Check that inputs precede the figures derived from them, so that there are no cycles."""
    known = set(study.printed)
    for number_id, number in study.derived.items():
        field = f"derived.{number_id}"
        if not number_id.startswith("derived."):
            yield field, "its id does not begin with 'derived.'", "rename it"
        if not (number.rule and number.inputs) or number.at:
            yield (
                field,
                "it lacks rule or inputs, or has `at`",
                "give the numbers from which it is derived",
            )
        for other in number.inputs:
            if other not in known:
                cure = f"an input stands above; {nearest(other, known)}"
                yield field, f"its input {other!r} is not known there", cure
        known.add(number_id)


def _broken_parts(study: PublishedStudy) -> Iterator[tuple[str, str, str]]:
    for field in ("printed", "statements", "not_printed", "findings"):
        for entry_id, entry in getattr(study, field).items():
            for place in entry.at:
                if place.part not in study.parts:
                    cure = nearest(place.part, study.parts)
                    yield f"{field}.{entry_id}", f"the part {place.part!r} is not in `parts`", cure
