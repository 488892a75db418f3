"""Text tables: any table is read back as written; a fault is refused or has no effect."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import InputError
from protocol.tables import read_rows
from tests.support.faults.faulty_tables import Lines, faulty

#: No control characters but line ends, which a cell in quotes may hold; and no byte order mark.
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff")
    | st.sampled_from(',;\t"\n '),
    max_size=6,
)


def read(data):
    """Return the table and its rows, or the error that refuses it."""
    try:
        return *read_rows(data, "x.csv"), None
    except InputError as error:
        return None, None, error


@st.composite
def tables(draw):
    """Draw a header of two or more names, and rows of cells of which the first is not blank."""
    names = st.lists(TEXT.map(str.strip).filter(bool), min_size=2, max_size=4, unique=True)
    header = draw(names)
    filled = TEXT.filter(str.strip)
    row = st.tuples(filled, *[TEXT] * (len(header) - 1)).map(list)
    return [header, *draw(st.lists(row, min_size=1, max_size=5))]


@given(tables(), st.sampled_from(",;\t"), st.sampled_from(["\n", "\r\n"]), st.sampled_from(
    ["utf-8", "utf-8-sig", "utf-16"]))  # fmt: skip
def test_a_written_table_is_read_or_refused(lines, mark, end, codec):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark, lineterminator=end).writerows(lines)
    table, rows, error = read(out.getvalue().encode(codec))
    if error:
        # The only ambiguity of a well-formed table: names and cells that contain another delimiter
        assert "could both split its columns" in str(error)
        return
    assert [list(table.header), *(row.cells for row in rows)] == lines
    assert table.delimiter == mark


CELL = st.text("abcxyz0123456789.", min_size=1, max_size=5)


@st.composite
def plain_tables(draw) -> Lines:
    width = draw(st.integers(2, 4))
    rows = draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=2, max_size=6))
    return [[f"name {k}" for k in range(width)], *rows]


@given(st.data())
def test_a_fault_is_refused_with_its_row_or_changes_nothing(data):
    lines = data.draw(plain_tables())
    broken = data.draw(faulty(lines))
    table, rows, error = read(broken.data)
    if error:
        assert not broken.same, (broken, str(error))
        assert all(fault.where == "x.csv" and fault.cure for fault in error.faults)
        whole = broken.name in (
            "nothing at all",
            "line ends alone",
            "a name twice",
            "odd bytes",
            "a workbook",
        )
        assert whole or "row" in str(error)
        return
    assert [list(table.header), *(row.cells for row in rows)] == lines, broken


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_a_table_or_refused(data):
    table, rows, error = read(data)
    if error:
        return
    assert all(len(row.cells) == len(table.header) for row in rows)
    assert all(name == name.strip() != "" for name in table.header)
    assert len(set(table.header)) == len(table.header)
