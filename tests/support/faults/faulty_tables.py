"""A grammar of faults of text tables, for tests of all table readers.

A fault takes the lines of a clean table (cells without quotes and delimiters, ASCII) and returns
bytes. ``SAME`` faults must be read as the clean table, all others refused or read as the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

Lines = list[list[str]]


@dataclass(frozen=True)
class Faulty:
    """Bytes of a table with a fault; ``same`` states that it must be read as the clean table."""

    name: str
    data: bytes
    same: bool


def plain(lines: Lines, mark: str = ",", end: str = "\n") -> str:
    return "".join(mark.join(cells) + end for cells in lines)


def _with_row(lines: Lines, at: int, cells: list[str]) -> bytes:
    changed = [*lines]
    changed[at] = cells
    return plain(changed).encode()


#: Read as the clean table: only the notation differs, not the content.
SAME: dict[str, Callable[[Lines], bytes]] = {
    "nothing": lambda lines: plain(lines).encode(),
    "byte order mark": lambda lines: plain(lines).encode("utf-8-sig"),
    "UTF-16": lambda lines: plain(lines).encode("utf-16"),
    "UTF-32": lambda lines: plain(lines).encode("utf-32"),
    "CRLF": lambda lines: plain(lines, end="\r\n").encode(),
    "CR": lambda lines: plain(lines, end="\r").encode(),
    "no last line end": lambda lines: plain(lines).rstrip("\n").encode(),
    "semicolons": lambda lines: plain(lines, ";").encode(),
    "tabs": lambda lines: plain(lines, "\t").encode(),
    "declared": lambda lines: b"sep=;\n" + plain(lines, ";").encode(),
    "all in quotes": lambda lines: plain(
        [[f'"{cell}"' for cell in cells] for cells in lines]
    ).encode(),
    "blank rows": lambda lines: plain(
        [row for cells in lines for row in (cells, [""], [" "] * len(cells))]
    ).encode(),
    "every row ends with a comma": lambda lines: plain([[*cells, ""] for cells in lines]).encode(),
    "every row but the header ends with a comma": lambda lines: plain(
        [lines[0], *([*cells, ""] for cells in lines[1:])]
    ).encode(),
    "row names": lambda lines: plain(
        [[str(k) if k else "", *cells] for k, cells in enumerate(lines)]
    ).encode(),
    "blanks around names": lambda lines: plain(
        [[f" {name} " for name in lines[0]], *lines[1:]]
    ).encode(),
}


@st.composite
def faulty(draw: st.DrawFn, lines: Lines) -> Faulty:
    """Draw a fault and put it into a table of at least two rows and two columns."""
    name = draw(st.sampled_from([*SAME, *_BROKEN]))
    if name in SAME:
        return Faulty(name, SAME[name](lines), same=True)
    return Faulty(name, _BROKEN[name](draw, lines), same=False)


def _extra_delimiter(draw: st.DrawFn, lines: Lines) -> bytes:
    at = draw(st.integers(0, len(lines) - 1))
    place = draw(st.integers(0, len(lines[at])))
    return _with_row(lines, at, [*lines[at][:place], "", *lines[at][place:]])


def _missing_delimiter(draw: st.DrawFn, lines: Lines) -> bytes:
    at = draw(st.integers(0, len(lines) - 1))
    place = draw(st.integers(1, len(lines[at]) - 1))
    cells = [*lines[at][: place - 1], "".join(lines[at][place - 1 : place + 1])]
    return _with_row(lines, at, [*cells, *lines[at][place + 1 :]])


def _open_quote(draw: st.DrawFn, lines: Lines) -> bytes:
    at = draw(st.integers(0, len(lines) - 1))
    place = draw(st.integers(0, len(lines[at]) - 1))
    cells = [f'"{cell}' if k == place else cell for k, cell in enumerate(lines[at])]
    return _with_row(lines, at, cells)


def _bytes_in(draw: st.DrawFn, lines: Lines) -> bytes:
    """Insert invalid bytes or control characters anywhere."""
    data = plain(lines).encode()
    odd = draw(
        st.sampled_from(
            [b"\0", b"\x1b[31m", b"\x0b", b"\x1a", b"\x7f", b"\xc2\x85", b"\xed\xa0\x80", b"\x81",
             b"\xc3\xbc\xfc", b"\xff\xfe\0", b"\xf4\x90\x80\x80"]
        )
    )  # fmt: skip
    at = draw(st.integers(0, len(data)))
    return data[:at] + odd + data[at:]


def _same_name(draw: st.DrawFn, lines: Lines) -> bytes:
    place = draw(st.integers(1, len(lines[0]) - 1))
    return _with_row(lines, 0, [*lines[0][:place], lines[0][0], *lines[0][place + 1 :]])


def _no_name(draw: st.DrawFn, lines: Lines) -> bytes:
    place = draw(st.integers(1, len(lines[0]) - 1))
    return _with_row(lines, 0, [*lines[0][:place], " ", *lines[0][place + 1 :]])


def _cut(draw: st.DrawFn, lines: Lines) -> bytes:
    """Cut the header or a row in two: fewer cells than names."""
    at = draw(st.integers(0, len(lines) - 1))
    return _with_row(lines, at, lines[at][:-1])


def _long_cell(draw: st.DrawFn, lines: Lines) -> bytes:
    at = draw(st.integers(1, len(lines) - 1))
    return _with_row(lines, at, [*lines[at][:-1], "x" * 1_000_000])


_BROKEN: dict[str, Callable[[st.DrawFn, Lines], bytes]] = {
    "an extra delimiter": _extra_delimiter,
    "a missing delimiter": _missing_delimiter,
    "an open quote": _open_quote,
    "odd bytes": _bytes_in,
    "a name twice": _same_name,
    "a name missing": _no_name,
    "a cell cut off": _cut,
    "a long cell": _long_cell,
    "nothing at all": lambda draw, lines: b"",
    "line ends alone": lambda draw, lines: b"\n \r\n\r",
    "a workbook": lambda draw, lines: b"PK\x03\x04" + bytes(range(256)),
}
