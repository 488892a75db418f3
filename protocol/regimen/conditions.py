"""One condition on one input, written in clinical language.

Words for numbers: ``0.7 to 11.1`` (both ends belong), ``below 0.7``, ``above 11.1``, ``at least
2``, ``at most 54``, a bare number (exactly that), joined by ``and`` and, more loosely, by ``or``.
Words for names: one of the values, or several joined by ``or``. For both: ``missing`` (nothing
usable was measured) and ``measured`` (anything was). A number may be the name of a parameter of
the regimen.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, floor
from typing import Literal

#: What is known of one input: a number, a name, or None for missing.
Value = float | str | None
Operator = Literal["<", "<=", ">", ">=", "="]

_COMPARE: dict[Operator, Callable[[float, float], bool]] = {
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
    "=": lambda value, limit: value == limit,
}
_OPERATORS: dict[str, Operator] = {
    "below": "<",
    "at most": "<=",
    "above": ">",
    "at least": ">=",
    "": "=",
}
_BOUND = re.compile(r"(?:(below|at most|above|at least) )?(\S+)")
_RANGE = re.compile(r"(\S+) to (\S+)")
MISSING, MEASURED = "missing", "measured"


def plain(value: Value) -> str:
    """Return a value in words.

    >>> plain(2.0), plain("hcg"), plain(None)
    ('2', 'hcg', 'missing')
    """
    if value is None:
        return MISSING
    return value if isinstance(value, str) else f"{value:.12g}"


@dataclass(frozen=True, slots=True)
class Bound:
    """One comparison with a number, in the unit of the input."""

    operator: Operator
    limit: float


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition on one input for a rule to fire.

    ``text`` is the text of the file, with parameters replaced by their numbers. ``clauses`` is
    any-of a tuple of all-of bounds, for numbers; ``names`` is the set of names allowed, for enums;
    ``missing``: whether a missing value also satisfies the condition. ``parameters`` are those
    named in the text.
    """

    text: str
    clauses: tuple[tuple[Bound, ...], ...] = ()
    names: frozenset[str] = frozenset()
    missing: bool = False
    parameters: frozenset[str] = frozenset()

    def holds(self, value: Value) -> bool:
        """Return whether ``value`` satisfies the condition; None is the missing value.

        >>> inside = parse_number_condition("0.7 to 11.1", {})
        >>> [inside.holds(x) for x in (0.69, 0.7, 11.1, 11.2, None)]
        [False, True, True, False, False]
        """
        if value is None:
            return self.missing
        if isinstance(value, str):
            return value in self.names
        # Plain loops: this is the innermost step of every explanation.
        for clause in self.clauses:
            for bound in clause:
                if not _COMPARE[bound.operator](value, bound.limit):
                    break
            else:
                return True
        return False

    def integer_cuts(self) -> frozenset[float]:
        """Return every integer from which on the condition may change its answer."""
        return frozenset(
            float(cut) for limit in self.limits for cut in (ceil(limit), floor(limit) + 1)
        )

    @property
    def limits(self) -> frozenset[float]:
        """Every number at which the condition may change its answer."""
        return frozenset(bound.limit for clause in self.clauses for bound in clause)


def parse_number_condition(
    text: str, parameters: Mapping[str, float], spellings: Mapping[str, str] | None = None
) -> Condition:
    """Read a condition on a number; a word that is not a number is looked up in ``parameters``.

    ``spellings`` are the texts of parameters that are declared in another unit than the input's.

    Raises
    ------
    ValueError
        Naming the words that were not understood and the accepted forms.
    """
    clauses: list[tuple[Bound, ...]] = []
    missing = False
    for part in _words(text).split(" or "):
        if part == MISSING:
            missing = True
        elif part == MEASURED:
            clauses.append(())
        else:
            clauses.append(_clause(part, parameters))
    return Condition(
        text=_spelled(text, parameters, spellings or {}),
        clauses=tuple(clauses),
        missing=missing,
        parameters=frozenset(parameters).intersection(text.split()),
    )


def parse_name_condition(text: str, values: tuple[str, ...]) -> Condition:
    """Read a condition on an enum whose values are ``values``; errors as for numbers."""
    names: set[str] = set()
    missing = False
    for part in _words(text).split(" or "):
        if part == MISSING:
            missing = True
        elif part == MEASURED:
            names.update(values)
        elif part in values:
            names.add(part)
        else:
            allowed = ", ".join((*values, MISSING, MEASURED))
            raise ValueError(f"{part!r} is none of its values; write one of: {allowed}")
    return Condition(text=_words(text), names=frozenset(names), missing=missing)


def _clause(part: str, parameters: Mapping[str, float]) -> tuple[Bound, ...]:
    bounds: list[Bound] = []
    for piece in part.split(" and "):
        if found := _RANGE.fullmatch(piece):
            low, high = (_number(word, parameters) for word in found.groups())
            if low > high:
                raise ValueError(f"{piece!r} runs backwards; write the smaller number first")
            bounds += [Bound(">=", low), Bound("<=", high)]
        elif found := _BOUND.fullmatch(piece):
            word, number = found.groups()
            bounds.append(Bound(_OPERATORS[word or ""], _number(number, parameters)))
        else:
            raise ValueError(
                f"{piece!r} is not understood; write for example '0.7 to 11.1', 'below 0.7', "
                "'at least 2', 'missing' or 'measured', joined by 'or'"
            )
    return tuple(bounds)


def _number(word: str, parameters: Mapping[str, float]) -> float:
    if word in parameters:
        return parameters[word]
    try:
        number = float(word)
    except ValueError:
        known = ", ".join(sorted(parameters)) or "none is declared"
        raise ValueError(
            f"{word!r} is neither a number nor a parameter; parameters: {known}"
        ) from None
    if number != number or number in {float("inf"), float("-inf")}:
        raise ValueError(f"{word!r} is not a finite number; leave the side open instead")
    return number


def _spelled(text: str, parameters: Mapping[str, float], spellings: Mapping[str, str]) -> str:
    """Replace names of parameters by their numbers."""
    numbers = {name: f"{value:.12g}" for name, value in parameters.items()} | dict(spellings)
    return " ".join(numbers.get(word, word) for word in text.split())


def _words(text: str) -> str:
    return " ".join(text.split())
