"""Check that the output of a command fits 80 columns without cutting words."""

import io
import re
from collections.abc import Callable
from typing import Any

from rich.table import Table

from pretese.screen.console import SafeConsole

#: Columns of the terminal on which every table must be legible.
COLUMNS = 80

#: Lines of tables, which are not words.
_RULES = re.compile(r"[\s\u2500-\u257f]+")

#: Longer names may be wrapped: no table has room for every name.
_LONGEST = 40


def cut_words(table: Table) -> list[str]:
    """Return the words of a table that are cut at 80 columns, and its lines that are wider."""
    narrow, wide = _shown(table, COLUMNS), _shown(table, 10_000)
    cut = _words(wide) - _words(narrow)
    too_wide = [line for line in narrow.splitlines() if len(line.rstrip()) > COLUMNS]
    return sorted(word for word in cut if len(word) <= _LONGEST) + too_wide


def _shown(table: Table, width: int) -> str:
    stream = io.StringIO()
    SafeConsole(file=stream, width=width, force_terminal=False, color_system=None).print(table)
    return stream.getvalue()


def _words(text: str) -> set[str]:
    return set(_RULES.split(text))


def recording(print_: Callable[..., None], faults: list[str]) -> Callable[..., None]:
    """Return a console `print` that also records the cut words of every table."""

    def checked(self: SafeConsole, *shown: Any, **settings: Any) -> None:
        for each in shown:
            if isinstance(each, Table) and id(each) not in busy:
                busy.add(id(each))
                faults.extend(f"{each.title}: {cut}" for cut in cut_words(each))
                busy.discard(id(each))
        print_(self, *shown, **settings)

    busy: set[int] = set()
    return checked
