"""Excel workbooks are converted to unambiguous text tables."""

import datetime as dt
import io
import zipfile

import openpyxl
import pytest

from pretese.api.protocols.audits import audit
from pretese.io.input.open_table import open_any_table
from protocol.errors import InputError

ROWS = [
    ("Patient", "Date", "Event", "Drug", "Amount", "Unit", "Value"),
    ("K.", dt.datetime(2023, 11, 8), "injection", "hcg", 2000, "IU", None),
    ("K.", dt.datetime(2023, 11, 10, 7, 30), "injection", "hcg", 2000.0, "IU", None),
    (None, None, None, None, None, None, None),
    ("K.", "2023-11-08", "fsh", None, 1.234, "IU/L", None),
    ("K.", 45238, "prolactin", None, "9,5", "ng/mL", None),
]


def workbook(*sheets) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_sheet_is_a_table_of_text_with_the_numbers_of_its_rows():
    table = open_any_table(workbook(("log", ROWS)), "log.xlsx")
    assert table.header == ROWS[0]
    ((numbers, rows),) = table.blocks()
    assert numbers == [2, 3, 5, 6]
    assert [row[1] for row in rows] == ["2023-11-08", "2023-11-10 07:30", "2023-11-08", "45238"]
    # A number of a workbook is never one of thousands: a fourth place says so.
    assert [row[4] for row in rows] == ["2000", "2000", "1.2340", "9,5"]
    assert table.assumptions == ["the sheet log is read"]


def test_a_workbook_is_audited_like_the_text_table(tmp_path):
    path = tmp_path / "log.xlsx"
    path.write_bytes(workbook(("log", ROWS)))
    found = audit(path)
    (patient,) = found.found.patients
    assert (patient.patient, patient.start) == ("K.", dt.date(2023, 11, 8))
    assert "decimal commas are read in amounts" in found.data_assumptions
    assert found.found.patients == audit(path.read_bytes()).found.patients


def test_the_sheet_that_holds_rows_is_read_and_of_several_the_one_that_is_named():
    empty = workbook(("notes", []), ("log", ROWS))
    assert open_any_table(empty, "x").header == ROWS[0]
    two = workbook(("a", [("x",), (1,)]), ("log", ROWS))
    with pytest.raises(InputError, match="several sheets hold rows: a, log; give `sheet`"):
        open_any_table(two, "x")
    assert open_any_table(two, "x", "log").header == ROWS[0]
    with pytest.raises(InputError, match="there is no sheet 'b'; there are: a, log"):
        open_any_table(two, "x", "b")


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04 and nothing more", "it is a damaged archive"),
        (zipped("word/document.xml"), "it is an archive and no Excel workbook"),
        (zipped("xl/workbook.xml"), "it is not a workbook that can be read"),
        (workbook(("log", [])), "it is empty"),
        (workbook(("log", [("a", None, "b"), (1, 2, 3)])), "row 1: column 2 has no name"),
        (workbook(("log", [("a", "a"), (1, 2)])), "two columns have this name"),
        (workbook(("log", [("a", None), (1, 2)])), "column 2 has no name and holds values in row"),
        (b"\xd0\xcf\x11\xe0 an old one", "it is an old Excel workbook, not text"),
    ],
    ids=["damaged", "text", "no sheets", "empty", "gap", "twice", "no name", "old"],
)
def test_a_workbook_that_cannot_be_read_is_refused(data, message):
    with pytest.raises(InputError) as caught:
        open_any_table(data, "log.xlsx")
    assert message in str(caught.value)


def test_a_text_table_has_no_sheets():
    with pytest.raises(InputError, match="only workbooks have sheets"):
        open_any_table(b"a,b\n1,2\n", "log.csv", "log")
