"""A grammar of faults for YAML files: one valid file, and all faults that it may have.

`mutations` replaces one value or key of a text by something hostile, or corrupts a whole text.
Each fault is a name and a piece of YAML source; what it is spliced into decides whether the result
is still YAML. A loader must answer every one with a model or with one `InputError`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml


def alias_bomb(levels: int = 10, width: int = 9) -> str:
    """Return nested lists by alias: short as text, ``width ** levels`` items when expanded."""
    parts = ["&b0 [" + ",".join("x" * width) + "]"]
    parts += [f"&b{n} [" + ",".join([f"*b{n - 1}"] * width) + "]" for n in range(1, levels)]
    return "[" + ", ".join(parts) + "]"


#: Replacements of a value or a key.
VALUES: dict[str, str] = {
    "day zero": "0000-00-00",
    "day that is none": "9999-99-99",
    "last day of all": "9999-12-31",
    "first day of all": "0001-01-01",
    "day of no month": "2026-02-30",
    "timestamp": "2022-03-01 10:00:00",
    "seconds": "1648598400",
    "many digits": "9" * 5000,
    "30 digits": "1" + "0" * 30,
    "64 bits": "18446744073709551616",
    "beyond all": "1e400",
    "nearly beyond all": "1e308",
    "nearly nothing": "1e-320",
    "minus one": "-1",
    "zero": "0",
    "minus zero": "-0.0",
    "one": "1",
    "a half": "0.5",
    "a million": "1000000",
    "not a number": ".nan",
    "infinity": ".inf",
    "minus infinity": "-.inf",
    "octal": "0o17",
    "leading zero": "010",
    "underscores": "1_000",
    "base 60": "12:30:00",
    "true": "true",
    "yes": "yes",
    "off": "off",
    "null": "null",
    "nothing": "",
    "empty list": "[]",
    "empty mapping": "{}",
    "empty text": '""',
    "blank": '"  "',
    "list": "[1, two, [3]]",
    "mapping": "{a: 1, b: {c: 2}}",
    "list as key": "{[a, b]: 1}",
    "nested key": "{? {a: 1} : 1}",
    "key twice": "{a: 1, a: 2}",
    "merge": "{<<: {a: 1}, b: 2}",
    "merge of a number": "{<<: 3}",
    "anchor": "&here 7",
    "unknown alias": "*nowhere",
    "holds itself": "&self [*self]",
    "bomb": alias_bomb(),
    "long text": '"' + "x" * 200_000 + '"',
    "long word": "x" * 5000,
    "control": '"\\0\\e[31m\\x07"',
    "half a pair": '"\\ud83d"',
    "right to left": '"\u202etext"',
    "end of line": '"a\\nb"',
    "markup": '"[red]$\\\\frac{$</td><script>"',
    "formula": "'=1+1'",
    "path": "../../../../etc/passwd",
    "device": "/dev/zero",
    "folder": "/",
    "object": "!!python/object/apply:os.system [id]",
    "name": "!!python/name:os.system",
    "binary": "!!binary aGVsbG8=",
    "wrong tag": "!!int many",
    "timestamp tag": "!!timestamp 0000-00-00",
    "set": "!!set {a, b}",
    "own tag": "!mine 3",
    "deep list": "[" * 10_000 + "]" * 10_000,
    "deep mapping": "{a: " * 10_000 + "1" + "}" * 10_000,
    "open list": "[1, 2",
    "open text": '"no end',
    "tab": "\t1",
    "colon": "a: b: c",
    "document": "\n---\na: 1",
    "directive": "\n%YAML 9.9\n---\n",
    "block": "|\n  text\n that is\nill set",
}

#: Corruptions of a whole text.
WHOLE: dict[str, Callable[[str], str]] = {
    "empty": lambda text: "",
    "a comment": lambda text: "# " + text.replace("\n", "\n# "),
    "a scalar": lambda text: "7",
    "a list": lambda text: "[1, 2]",
    "twice": lambda text: text + "\n" + text,
    "two documents": lambda text: text + "\n---\n" + text,
    "cut in the middle": lambda text: text[: len(text) // 2],
    "tabs for spaces": lambda text: text.replace("  ", "\t"),
    "one level in": lambda text: "a:\n" + "".join(f"  {line}\n" for line in text.splitlines()),
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "a mark of byte order": lambda text: "\ufeff" + text,
    "a null character": lambda text: text + "\0",
    "half a pair": lambda text: text + "\nzzz: \ud800\n",
    "a key of list": lambda text: text + "\n? [a, b]\n: 1\n",
    "a key of mapping": lambda text: text + "\n? {a: b}\n: 1\n",
    "an unknown key": lambda text: text + "\nzzz: 1\n",
    "a merge": lambda text: text + "\n<<: {id: zzz}\n",
    "a bomb": lambda text: text + f"\nzzz: {alias_bomb()}\n",
    "a deep list": lambda text: text + "\nzzz: " + "[" * 50_000 + "\n",
    "deep blocks": lambda text: "\n".join(" " * n + "a:" for n in range(300)),
    "many keys": lambda text: text + "".join(f"zzz{n}: 1\n" for n in range(20_000)),
    "upper case": lambda text: text.upper(),
    "reversed lines": lambda text: "\n".join(reversed(text.splitlines())),
    "no spaces": lambda text: text.replace(" ", ""),
    "quotes removed": lambda text: text.replace('"', ""),
}


#: PyYAML built with libyaml parses many times faster.
FAST_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a text: a scalar, a list or a mapping, from ``start`` up to ``end``."""

    start: int
    end: int


def spans(text: str) -> list[Span]:
    """Return the places of all values and keys of a valid text, in order."""
    found: list[Span] = []
    begun: list[int] = []
    for event in yaml.parse(text, Loader=FAST_LOADER):
        if isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            found.append(Span(event.start_mark.index, event.end_mark.index))
        elif isinstance(event, yaml.CollectionStartEvent):
            begun.append(event.start_mark.index)
        elif isinstance(event, yaml.CollectionEndEvent):
            found.append(Span(begun.pop(), event.end_mark.index))
    return found


def spliced(text: str, span: Span, fault: str) -> str:
    """Return the text with the span replaced by a fault."""
    return f"{text[: span.start]}{VALUES[fault]}{text[span.end :]}"


def mutations(text: str, every: int = 1) -> Iterator[tuple[str, str]]:
    """Yield a name and a corrupted text for each fault at each ``every``-th place of a text."""
    for name, change in WHOLE.items():
        yield name, change(text)
    for number, (place, fault) in enumerate(
        (place, fault) for place in spans(text) for fault in VALUES
    ):
        if number % every == 0:
            yield f"{fault} at {place.start}", spliced(text, place, fault)
