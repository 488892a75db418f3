"""Cells of text as columns of numbers or of category names, by what each column is used for."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan

import numpy as np
from numpy.typing import NDArray

from protocol.errors import Fault
from protocol.reading.missing_words import is_missing
from protocol.reading.numbers import (
    cure_of,
    has_decimal_comma,
    is_plain,
    may_be_thousands,
    number_of,
    shown,
)


@dataclass(frozen=True, slots=True)
class NumberUse:
    """A column of numbers.

    ``otherwise`` is the remedy for text in it; ``yes_no`` lets words for yes and no stand for
    1 and 0, and ``several`` is the remedy for more than two words.
    """

    otherwise: str = "give numbers, or declare it `categorical`"
    yes_no: bool = False
    several: str = ""


@dataclass(frozen=True, slots=True)
class CategoryUse:
    """A column of names. A declared level is never taken for a missing value."""

    levels: tuple[str, ...] = ()


#: A column of 0 and 1.
INDICATOR = NumberUse("code it 0 (no) and 1 (yes)", yes_no=True)

EVENT = NumberUse(
    INDICATOR.otherwise, yes_no=True,
    several="it has more than two values: 1 where follow-up ends with the event of interest, 0 "
    "where it ends otherwise",
)  # fmt: skip

Use = NumberUse | CategoryUse
Uses = Mapping[str, Use]

_DIGITS = b"0123456789.+-eE"
_TRUTH = {"true": 1.0, "false": 0.0}
_YES_NO = {
    "yes": 1.0, "no": 0.0, "y": 1.0, "n": 0.0, "ja": 1.0, "nein": 0.0, "oui": 1.0, "non": 0.0,
}  # fmt: skip

#: The same of two arms, and of an outcome: more than two words are not to be merged.
TWO_ARMS = NumberUse(
    INDICATOR.otherwise, yes_no=True,
    several="it has more than two values: name its arms, `treatment_levels: [reference, second, "
    "third]`; do not merge them",
)  # fmt: skip
TWO_OUTCOMES = NumberUse(
    INDICATOR.otherwise, yes_no=True,
    several="it has more than two values: state `outcome: {column: ..., kind: ordinal, levels: "
    "[lowest, ..., highest]}`; do not merge them",
)  # fmt: skip

#: Faulty cells of a column that are listed.
LISTED = 5

#: Different cells of a column that are remembered.
_KNOWN = 100_000


@dataclass(slots=True)
class NumberColumn:
    """Numbers so far, and the cells that were odd.

    ``free``: a comma does not separate the columns of the file, so that it may be a decimal
    comma; whether it is, is judged when the whole column is known.
    """

    use: NumberUse
    free: bool = False
    parts: list[NDArray[np.float64]] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)
    bad: "_Cells" = field(default_factory=lambda: _Cells())
    commas: "_Cells" = field(default_factory=lambda: _Cells())
    points: "_Cells" = field(default_factory=lambda: _Cells())
    surely_commas: bool = False
    surely_points: bool = False
    truths: bool = False
    answers: set[str] = field(default_factory=set)
    plain: bool = False
    _known: dict[str, float] = field(default_factory=dict)

    def add(self, rows: Sequence[int], cells: Sequence[str]) -> None:
        """Take the cells of some rows."""
        read = None if self.free else _all_plain(cells)
        if read is None:
            read = self._one_by_one(rows, cells)
        else:
            self.plain = self.plain or any(cells)
        self.parts.append(np.array(read, float))

    def _one_by_one(self, rows: Sequence[int], cells: Sequence[str]) -> list[float]:
        known, read = self._known, []
        for row, cell in zip(rows, cells, strict=True):
            value = known.get(cell)
            if value is None:
                value = self._value(row, cell)
            read.append(value)
        return read

    def _value(self, row: int, cell: str) -> float:
        """Return the value of a cell; one that needs no more thought is remembered."""
        text = cell.strip()
        if is_missing(text):
            self.missing[text] += bool(text)
            return nan
        if self.free and has_decimal_comma(text):
            self.commas.add(row, text)
            self.surely_commas |= not may_be_thousands(text)
            return float(text.replace(",", "."))
        if text.lower() in _TRUTH:
            self.truths = True
            return _TRUTH[text.lower()]
        if self.use.yes_no and text.lower() in _YES_NO:
            self.truths = True
            self.answers.add(text)
            return _YES_NO[text.lower()]
        value = number_of(text)
        if value is None:
            self.bad.add(row, text)
            return nan
        if self.free and "." in text:
            self.points.add(row, text)
            self.surely_points |= not may_be_thousands(text)
            return value
        self.plain = True
        if len(self._known) < _KNOWN:
            self._known[cell] = value
        return value

    def values(self) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return all numbers, NaN where missing; whole ones of which none is missing as integers.

        Group names made of them are then ``1``, not ``1.0``.
        """
        found = np.concatenate([np.empty(0), *self.parts])
        return whole_if_all_are(found)

    def remarks(self, name: str) -> Iterator[str]:
        """Yield what was assumed of the cells."""
        if self.commas.count:
            yield f"{name}: decimal commas are read"
        if self.answers:
            pairs = ", ".join(f"{w} as {_YES_NO[w.lower()]:g}" for w in sorted(self.answers))
            yield f"{name}: {pairs}"
        elif self.truths:
            yield f"{name}: true and false are read as 1 and 0"
        yield from missing_words(name, self.missing)


def _all_plain(cells: Sequence[str]) -> list[float] | None:
    """Return cells as numbers, NaN where empty; None if any other than a plain number is there."""
    if "".join(cells).encode().translate(None, _DIGITS):
        return None
    try:
        return [float(cell) if cell else nan for cell in cells]
    except ValueError:
        return None


def whole_if_all_are(found: NDArray[np.float64]) -> NDArray[np.float64] | NDArray[np.int64]:
    """Return numbers as integers if all of them are whole and exactly so."""
    with np.errstate(invalid="ignore"):
        whole = bool(np.all((found == np.floor(found)) & (np.abs(found) < 2**53)))
    return found.astype(np.int64) if whole and found.size else found


def missing_words(name: str, found: Counter[str]) -> Iterator[str]:
    """Yield the words of a column that were read as missing values."""
    for word, count in sorted(found.items()):
        if word:
            yield f"{name}: {word!r} is read as a missing value ({count})"


@dataclass(slots=True)
class _Cells:
    """Odd cells of a column: the first of them, how many there are, and some distinct texts."""

    first: list[tuple[int, str]] = field(default_factory=list)
    count: int = 0
    distinct: set[str] = field(default_factory=set)

    def add(self, row: int, text: str) -> None:
        self.count += 1
        if len(self.first) < LISTED:
            self.first.append((row, text))
        if len(self.distinct) < LISTED:
            self.distinct.add(text)


@dataclass(slots=True)
class CategoryColumn:
    """Names so far; a missing one is None."""

    use: CategoryUse
    names: list[str | None] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)
    _known: dict[str, str | None] = field(default_factory=dict)

    def add(self, rows: Sequence[int], cells: Sequence[str]) -> None:
        """Take the cells of some rows."""
        known = self._known
        for cell in cells:
            if cell not in known:
                known[cell] = self._name(cell)
            name = known[cell]
            self.names.append(name)
            if name is None and cell:
                self.missing[cell.strip()] += 1

    def _name(self, cell: str) -> str | None:
        for level in (cell, cell.strip()):
            if level in self.use.levels:
                return level
        return None if is_missing(cell) else cell.strip()

    def values(self) -> NDArray[np.object_]:
        """Return all names, None where missing."""
        found = np.empty(len(self.names), object)
        found[:] = self.names
        return found

    def remarks(self, name: str) -> Iterator[str]:
        """Yield what was assumed of the cells."""
        yield from missing_words(name, self.missing)


Column = NumberColumn | CategoryColumn


def column_for(use: Use, *, free: bool = False) -> Column:
    """Return an empty column for a use; ``free`` is that of `NumberColumn`."""
    return NumberColumn(use, free) if isinstance(use, NumberUse) else CategoryColumn(use)


def faults_of(columns: Mapping[str, Column], where: str) -> Iterator[Fault]:
    """Yield cells that are not numbers, or whose meaning is ambiguous number they are.

    A comma counts as a decimal comma in a column where one of the cells cannot be meant otherwise
    (``9,8``) and none has a point. A point in a file without commas as delimiters may separate
    thousands likewise.
    """
    numbers = {name: each for name, each in columns.items() if isinstance(each, NumberColumn)}
    points = any(each.surely_points for each in numbers.values())
    commas = any(each.surely_commas for each in numbers.values())
    for name, each in numbers.items():
        words = len(each.bad.distinct) + (2 if each.truths else 0)
        cure = each.use.several if each.use.several and words > 2 else each.use.otherwise
        yield from _listed(where, name, each.bad, cure)
        if each.truths and (each.plain or each.commas.count or each.points.count):
            problem = "it holds both numbers and true or false"
            yield Fault(where, name, problem, each.use.otherwise)
        if each.commas.count and each.points.count:
            doubtful = [each.commas, each.points]
        elif each.commas.count and not each.surely_commas:
            doubtful = [each.commas]
        elif each.points.count and not each.surely_points and (commas or not points):
            doubtful = [each.points]
        else:
            continue
        for cells in doubtful:
            yield from _listed(where, name, cells, "use one decimal mark in the whole column")


def _listed(where: str, name: str, cells: _Cells, otherwise: str) -> Iterator[Fault]:
    """Yield one fault for the odd cells of a column: the first, and where others are."""
    if not cells.count:
        return
    (row, text), *others = cells.first
    problem = "may be two numbers" if is_plain(text) else "is not a number"
    cure = cure_of(text, otherwise)
    if others:
        rows = ", ".join(str(other) for other, _ in others)
        more = cells.count - len(cells.first)
        cure += f" (also in {'row' if cells.count == 2 else 'rows'} {rows}"
        cure += f" and {more} more)" if more else ")"
    yield Fault(where, f"row {row}, {name}", f"{shown(text)} {problem}", cure)


def absent(names: Iterable[str], header: Iterable[str], where: str) -> list[Fault]:
    """Return a fault for every name that the header lacks."""
    there = list(header)
    have = ", ".join(name if name.isprintable() else shown(name) for name in there)
    return [
        Fault(where, name, "there is no such column", f"columns here: {have}")
        for name in names
        if name not in there
    ]
