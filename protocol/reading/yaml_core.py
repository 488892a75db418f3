"""Read YAML 1.2 (core schema) into plain values, with limits on size and depth.

The parser of PyYAML gives events; the values are built here from a stack, not by recursion, so that
no text can exhaust it. Words such as ``yes`` and ``on``, dates, times and ``1_000`` are text;
``true``, ``1``, ``0x1f``, ``0o17``, ``1e3``, ``.inf`` and ``null`` have their YAML types. Keys are
text as written. ``<<`` merges the fields of another mapping, as in YAML 1.1.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from protocol.shorten import shorten

#: Maximum nesting depth of lists and mappings.
MAX_DEPTH = 60

#: Maximum number of values of a document; aliased values count at every alias.
MAX_VALUES = 500_000

#: Maximum number of digits of an integer, including leading zeros.
MAX_DIGITS = 100

#: Maximum length of a text that is parsed again to obtain the error message.
MAX_RETOLD = 200_000

CURE = "correct the syntax there"

MERGE = "<<"
_TAG = "tag:yaml.org,2002:"

_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{sign + word: math.inf for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **{"-" + word: -math.inf for word in (".inf", ".Inf", ".INF")},
}

#: Characters that a text may not contain, even as escapes: control characters other than tab and
#: end of line, and halves of surrogate pairs.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class YamlFault(Exception):  # noqa: N818  it is a fault of the text; `InputError` carries it out
    """A fault of a text with its remedy and position: line and column count from 1."""

    def __init__(self, problem: str, cure: str, mark: Any = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.cure = cure
        self.place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""


@dataclass(slots=True)
class _Open:
    """A list or mapping that has begun: its values, and the key whose value comes next."""

    mark: Any
    anchor: str | None
    mapping: bool
    counted_before: int
    items: list[Any] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    merged: list[dict[str, Any]] | None = None
    key: str | None = None


def read_yaml(text: str) -> Any:
    """Return the plain value of a YAML text; an empty text is None.

    Raises
    ------
    YamlFault
        The text is not YAML, exceeds the limits, or contains elements that this program does not
        allow: several documents, keys that are lists, tags of other types.
    """
    try:
        return _Reader().read(yaml.parse(text, Loader=_PARSER))
    except yaml.YAMLError as error:
        # The parser in Python is slow, but its messages are the same on every machine.
        if len(text) <= MAX_RETOLD:
            return _read_by_python(text)
        problem = getattr(error, "problem", None) or type(error).__name__
        mark = getattr(error, "problem_mark", None)
        raise YamlFault(f"this is not valid YAML ({problem})", CURE, mark) from None
    except UnicodeError:
        raise YamlFault("it holds half of a surrogate pair", "write whole characters") from None


def _read_by_python(text: str) -> Any:
    try:
        return _Reader().read(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        raise YamlFault(
            f"this is not valid YAML ({error.problem})", CURE, error.problem_mark
        ) from None
    except yaml.reader.ReaderError as error:
        code = error.character if isinstance(error.character, int) else ord(error.character)
        problem = f"the character U+{code:04X} at position {error.position} is not allowed"
        raise YamlFault(problem, "remove it") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise YamlFault(f"this is not valid YAML ({type(error).__name__})", CURE) from None


_PARSER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class _Reader:
    """Builds one value from events and counts its parts."""

    def __init__(self) -> None:
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.count = 0
        self.documents = 0
        self.result: Any = None

    def read(self, events: Iterator[yaml.Event]) -> Any:
        """Return the value of the one document that the events hold."""
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._begin(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._end()
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                self._document(event)
        return self.result

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            cure = "keep one; remove `---` and what follows"
            raise YamlFault("a second document begins here", cure, event.start_mark)

    def _scalar(self, event: Any) -> None:
        self._add(1, event.start_mark)
        if found := _FORBIDDEN.search(event.value):
            problem = f"this text holds the character U+{ord(found[0]):04X}"
            raise YamlFault(problem, "remove it", event.start_mark)
        if self._wants_key:
            _check_tag(event, ("str", "int", "float", "bool", "null"))
            plain_merge = event.value == MERGE and event.implicit[0]
            self._key(event.value, merge=plain_merge, mark=event.start_mark)
            self._remember(event.anchor, event.value, 1)
            return
        value = _scalar_value(event)
        self._remember(event.anchor, value, 1)
        self._put(value, event.start_mark)

    def _begin(self, event: Any) -> None:
        mapping = isinstance(event, yaml.MappingStartEvent)
        if self._wants_key:
            problem = f"a {'mapping' if mapping else 'list'} is used as a key"
            raise YamlFault(problem, "write a name as the key", event.start_mark)
        if len(self.stack) >= MAX_DEPTH:
            problem = f"lists and mappings stand more than {MAX_DEPTH} deep inside one another"
            raise YamlFault(problem, "make the file flatter", event.start_mark)
        _check_tag(event, ("map",) if mapping else ("seq",))
        self.stack.append(_Open(event.start_mark, event.anchor, mapping, self.count))
        self._add(1, event.start_mark)
        if event.anchor is not None:
            self.anchors.pop(event.anchor, None)  # it is unknown until it has ended

    def _end(self) -> None:
        done = self.stack.pop()
        value: Any = done.fields if done.mapping else done.items
        if done.merged is not None:
            value = {}
            for each in reversed(done.merged):
                value.update(each)
            value.update(done.fields)
        self._remember(done.anchor, value, self.count - done.counted_before)
        self._put(value, done.mark)

    def _alias(self, event: Any) -> None:
        name = shorten(event.anchor)
        if self._wants_key:
            raise YamlFault(f"the alias {name} is used as a key", "write the key", event.start_mark)
        if event.anchor not in self.anchors:
            cure = "define the anchor above, and not around, the alias"
            raise YamlFault(f"no anchor {name} ends before this alias", cure, event.start_mark)
        value, size = self.anchors[event.anchor]
        self._add(size, event.start_mark)
        self._put(value, event.start_mark)

    @property
    def _wants_key(self) -> bool:
        return bool(self.stack) and self.stack[-1].mapping and self.stack[-1].key is None

    def _key(self, key: str, *, merge: bool, mark: Any) -> None:
        here = self.stack[-1]
        if key in here.fields or (merge and here.merged is not None):
            raise YamlFault(f"the key {shorten(key)} is given twice", "keep one of them", mark)
        here.key = key
        if merge:
            here.merged = []

    def _put(self, value: Any, mark: Any) -> None:
        if not self.stack:
            self.result = value
            return
        here = self.stack[-1]
        if not here.mapping:
            here.items.append(value)
            return
        key, here.key = here.key, None
        if key == MERGE and here.merged == []:
            here.merged = _borrowed(value, mark)
        elif key is not None:
            here.fields[key] = value

    def _remember(self, anchor: str | None, value: Any, size: int) -> None:
        if anchor is not None:
            self.anchors[anchor] = (value, size)

    def _add(self, size: int, mark: Any) -> None:
        self.count += size
        if self.count > MAX_VALUES:
            problem = f"with its aliases written out the file holds more than {MAX_VALUES:,} values"
            raise YamlFault(problem, "use fewer aliases, or a smaller file", mark)


def _borrowed(value: Any, mark: Any) -> list[dict[str, Any]]:
    """Return the mappings after ``<<``: one, or a list of them."""
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(each, dict) for each in listed):
        raise YamlFault("`<<` borrows from what is not a mapping", "name a mapping after it", mark)
    return listed


def _check_tag(event: Any, allowed: tuple[str, ...]) -> None:
    """Refuse a tag of a type that is not YAML's core; a single ``!`` means text."""
    tag = event.tag
    if tag is not None and tag != "!" and tag not in {_TAG + name for name in allowed}:
        problem = f"the tag {shorten(tag)} is not allowed here"
        raise YamlFault(problem, "remove the tag", event.start_mark)


def _scalar_value(event: Any) -> Any:
    _check_tag(event, tuple(_TAGGED))
    name = (event.tag or "!").removeprefix(_TAG)
    if name in ("!", "str"):
        plain = event.tag is None and event.implicit[0]
        return _plain(event.value, event.start_mark) if plain else event.value
    value = _plain(event.value, event.start_mark)
    if not _TAGGED[name](value):
        problem = f"{shorten(event.value)} is not a value of the type !!{name}"
        raise YamlFault(problem, "remove the tag, or correct the value", event.start_mark)
    return float(value) if name == "float" else value


_TAGGED: dict[str, Callable[[Any], bool]] = {
    "str": lambda value: True,
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def _plain(text: str, mark: Any) -> Any:
    """Return the value of a scalar without quotes, by the core schema of YAML 1.2.

    >>> [_plain(text, None) for text in ("on", "true", "010", "0o10", "1e3", "1_000", "2022-03-01")]
    ['on', True, 10, 8, 1000.0, '1_000', '2022-03-01']
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    for pattern, base in ((_INTEGER, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.fullmatch(text):
            return _integer(text, base, mark)
    if not _FLOAT.fullmatch(text):
        return text
    value = float(text)
    if math.isinf(value):
        raise YamlFault(f"{shorten(text)} is too large for a number", "give a smaller one", mark)
    return value


def _integer(text: str, base: int, mark: Any) -> int:
    if len(text) > MAX_DIGITS:
        problem = f"a whole number of {len(text):,} digits is too long"
        raise YamlFault(problem, f"give at most {MAX_DIGITS}, or put text in quotes", mark)
    return int(text, base)
