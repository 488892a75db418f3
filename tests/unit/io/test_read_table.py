"""Reading a user's table: the meaning of each cell, and errors that name row and column."""

import datetime as dt
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pretese.io.input.read_table import read_table
from pretese.io.input.table_cells import INDICATOR, CategoryUse, NumberUse
from pretese.recovery.results.replicates import Source
from protocol.errors import InputError

USES = {"arm": INDICATOR, "fsh": NumberUse(), "ward": CategoryUse(("None", "NA", "one"))}
HEAD = "arm,fsh,ward\n"


def read(folder, text, uses=USES, name="patients.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, uses)


def refusal(folder, text, uses=USES, name="patients.csv"):
    with pytest.raises(InputError) as caught:
        read(folder, text, uses, name)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_comma_at_the_end_of_every_row_shifts_nothing(tmp_path):
    clean = read(tmp_path, HEAD + "1,2.5,one\n0,3,NA\n")
    ended = read(tmp_path, HEAD + "1,2.5,one,\n0,3,NA,\n")
    pd.testing.assert_frame_equal(clean.frame, ended.frame)
    assert clean.assumptions == ()
    assert ended.assumptions == ("empty cells at the end of every row are ignored",)


def test_a_comma_at_the_end_of_some_rows_is_refused(tmp_path):
    message = refusal(tmp_path, HEAD + "1,2,one\n0,3,NA,\n1,2,one\n1,2,one,\n1,2,one,\n")
    assert (
        "patients.csv: rows 3, 5 to 6: they have 4 cells and the header 3, the last empty"
        in message
    )


def names(column):
    """Return names, with None for missing values, whatever the version of pandas uses for them."""
    return [None if pd.isna(each) else each for each in column]


def test_every_row_that_does_not_fit_is_named(tmp_path):
    message = refusal(tmp_path, HEAD + "1,2\n" + "1,2,one\n" + "1,2,3,4\n" * 3)
    assert message.splitlines() == [
        "patients.csv: row 2: it has 2 cells and the header 3; give one cell per column, and "
        "quotes to a cell that holds the delimiter",
        "patients.csv: rows 4 to 6: they have 4 cells and the header 3; give one cell per column, "
        "and quotes to a cell that holds the delimiter",
    ]


def test_a_declared_level_is_not_a_missing_value(tmp_path):
    table = read(tmp_path, HEAD + "1,2,None\n0,NA,NA\n1,3, one \n0,4,\n0,5,.\n")
    assert names(table.frame["ward"]) == ["None", "NA", "one", None, None]
    assert np.isnan(table.frame["fsh"][1])
    assert table.assumptions == (
        "fsh: 'NA' is read as a missing value (1)",
        "ward: '.' is read as a missing value (1)",
    )


def test_numbers_stay_apart_that_are_names(tmp_path):
    """As codes, 1.1 and 1.10 differ; as numbers, they are equal."""
    table = read(tmp_path, "ward\n1.1\n1.10\n01\n", {"ward": CategoryUse(("1.1", "1.10", "01"))})
    assert table.frame["ward"].tolist() == ["1.1", "1.10", "01"]


def test_columns_that_are_not_used_may_hold_anything(tmp_path):
    table = read(tmp_path, 'arm,fsh,ward,note\n1,2,one,"1,234"\n')
    assert list(table.frame) == ["arm", "fsh", "ward"]


@pytest.mark.parametrize("cell", ["1e400", "inf", "-Infinity"])
def test_what_is_infinite_is_read_as_such(tmp_path, cell):
    assert np.isinf(read(tmp_path, HEAD + f"1,{cell},one\n").frame["fsh"][0])


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ('"1,234"', "'1,234' is not a number; write 1234 or 1.234: its comma may separate thous"),
        ('"12,5"', "'12,5' is not a number; write a decimal point, not a comma: 12.5"),
        ('"1,234,567"', "write it without separators of thousands: 1234567"),
        ('"1,234.5"', "write it without separators of thousands: 1234.5"),
        ('"1.234,5"', "write it without separators of thousands: 1234.5"),
        ("1 234", "write it without separators of thousands: 1234"),
        ("1_234", "write it without separators of thousands: 1234"),
        ("<0.3", "write a number for what is beyond a limit of detection"),
        ("2022-03-01", "a date is not a number: give days or years, or leave the column out"),
        ("None", "'None' is not a number; give numbers"),
        ("\u0661\u0662", "is not a number; give numbers"),
        ("0x10", "'0x10' is not a number; give numbers"),
        ("true", "fsh: it holds both numbers and true or false"),
    ],
)
def test_a_cell_that_is_not_a_number_is_named_with_its_row(tmp_path, cell, message):
    found = refusal(tmp_path, HEAD + "1,2,one\n\n" + f"0,{cell},one\n")
    assert found.startswith(("patients.csv: row 4, fsh: ", "patients.csv: fsh: "))
    assert message in found


def test_one_fault_stands_for_all_cells_of_a_column(tmp_path):
    output = refusal(tmp_path, HEAD + "high,2,one\n" * 9)
    assert output == (
        "patients.csv: row 2, arm: 'high' is not a number; code it 0 (no) and 1 (yes) (also "
        "in rows 3, 4, 5, 6 and 4 more)"
    )


def test_decimal_commas_are_read_and_reported(tmp_path):
    table = read(tmp_path, "\ufeffarm;fsh;ward\r\n1;9,8;one\r\n0;1,234;NA\r\n1;;one\r\n")
    assert table.frame["fsh"].tolist()[:2] == [9.8, 1.234]
    assert table.assumptions == ("columns are split by semicolons", "fsh: decimal commas are read")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1,234", "5"], "row 2, fsh: '1,234' is not a number; write 1234 or 1.234"),
        (["1.234", "5"], "row 2, fsh: '1.234' may be two numbers; write 1234 or 1.234"),
        (["9,8", "9.8"], "row 2, fsh: '9,8' is not a number; write a decimal point"),
        (["9,8", "2.000"], "row 3, fsh: '2.000' may be two numbers; write 2000 or 2.000"),
        (["1.234,5", "5"], "row 2, fsh: '1.234,5' is not a number; write it without separators"),
    ],
)
def test_a_number_that_may_be_a_thousand_times_another_is_refused(tmp_path, cells, message):
    text = "arm;fsh;ward\n" + "".join(f"1;{cell};one\n" for cell in cells)
    assert message in refusal(tmp_path, text)


def test_points_are_decimal_marks_where_another_number_shows_it(tmp_path):
    table = read(tmp_path, "arm;fsh;ward\n1;1.234;one\n0;0.5;one\n")
    assert table.frame["fsh"].tolist() == [1.234, 0.5]


def test_truths_are_ones_and_reported(tmp_path):
    table = read(tmp_path, HEAD + "True,1,one\nfalse,2,one\n")
    assert table.frame["arm"].tolist() == [1, 0]
    assert table.assumptions == ("arm: true and false are read as 1 and 0",)


def test_truths_may_follow_many_empty_cells(tmp_path):
    table = read(tmp_path, HEAD + ",1,one\n" * 600 + "True,1,one\n")
    assert table.frame["arm"].tolist()[-1] == 1


def test_names_that_a_terminal_would_obey_are_shown_in_quotes(tmp_path):
    path = parquet(tmp_path, pa.table({"\x1b[2J": [1], "ok": [1]}))
    with pytest.raises(InputError, match=r"columns here: '\\x1b\[2J', ok"):
        read_table(path, {"arm": INDICATOR})


def test_names_may_hold_commas_in_quotes(tmp_path):
    table = read(tmp_path, '"FSH, IU/L",arm\n9.8,1\n', {"FSH, IU/L": NumberUse()})
    assert table.frame["FSH, IU/L"].tolist() == [9.8]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04\x14\x00", "it is an Excel workbook or a ZIP archive, not text"),
        (b"PAR1\x15\x04PAR1", "it is a Parquet file, not text"),
        (b"\x1f\x8b\x08\x00", "it is a gzip archive, not text"),
        (b"arm,fsh,ward\n1,2,\x1b[31m\n", "row 2: it holds the control character U+001B"),
        (b"arm,fsh,ward\n1,\x00,2\n", "row 2: it holds a NUL character"),
        (b"\xff\xfeabc", "is not UTF-16 text"),
        (b"arm,fsh,ward\n\xc3\xbc,\xfc,3\n", "other letters of the file are"),
    ],
)
def test_what_is_not_a_text_is_refused(tmp_path, data, message):
    assert message in refusal(tmp_path, data)


# Parquet


def parquet(folder, table, name="patients.parquet"):
    path = folder / name
    pq.write_table(table, path)
    return path


def persons(**columns):
    plain = {"arm": [1, 0, 1], "fsh": [1.5, None, 3.0], "ward": ["one", "None", None]}
    return pa.table({**plain, **columns})


def test_a_parquet_table_is_read(tmp_path):
    frame = read_table(parquet(tmp_path, persons()), USES).frame
    assert names(frame["ward"]) == ["one", "None", None]
    assert frame["fsh"].tolist()[0] == 1.5


def test_rows_without_any_value_are_skipped_as_in_text(tmp_path):
    table = pa.table({"arm": [1, None, None], "fsh": [1.0, None, None], "ward": ["one", "", None],
                      "who": ["a", " ", "c"]})  # fmt: skip
    found = read_table(parquet(tmp_path, table), USES)
    assert found.frame["arm"].isna().tolist() == [False, True]
    assert found.assumptions == ("1 blank row is skipped",)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([dt.datetime(2022, 3, 1)] * 3), "fsh: it holds dates or times (timestamp[us])"),
        (pa.array([dt.date(2022, 3, 1)] * 3), "fsh: it holds dates or times (date32[day]), not nu"),
        (pa.array([dt.timedelta(1)] * 3), "fsh: it holds times (duration[us]), not numbers"),
        (pa.array([[1], [2], [3]]), "fsh: it holds values (list<element: int64>), not numbers"),
        (pa.array([{"a": 1}] * 3), "not numbers; give one number or name per row"),
        (pa.array([b"1"] * 3), "fsh: it holds values (binary), not numbers"),
        (pa.array(["1", "1,234", "x"]), "row 2, fsh: '1,234' is not a number; write 1234 or"),
    ],
)
def test_a_parquet_column_that_holds_no_numbers_is_refused(tmp_path, column, message):
    with pytest.raises(InputError) as caught:
        read_table(parquet(tmp_path, persons(fsh=column)), USES)
    assert message in str(caught.value)


def test_a_parquet_table_with_two_columns_of_one_name_is_refused(tmp_path):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["arm", "arm"])
    with pytest.raises(InputError, match="arm: two columns have this name"):
        read_table(parquet(tmp_path, table), USES)


def test_a_damaged_parquet_file_is_one_message(tmp_path):
    """Change each byte of a small file in turn, or truncate the file at that byte."""
    out = io.BytesIO()
    pq.write_table(persons(), out)
    whole, refused = out.getvalue(), 0
    for at in range(0, len(whole), 7):
        for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]):
            try:
                read(tmp_path, data, name="patients.parquet")
            except InputError:
                refused += 1
    assert refused > len(whole) / 7


def test_damaged_estimates_of_a_study_are_one_message(tmp_path):
    path = tmp_path / "estimates.parquet"
    path.write_bytes(b"PAR1" + bytes(40) + b"PAR1")
    with pytest.raises(InputError, match="it is damaged or no Parquet table"):
        list(Source([path], 10).tables())


def test_a_file_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("protocol.tables.decode.MAX_BYTES", 20)
    assert "it has more than" in refusal(tmp_path, HEAD + "1,2,one\n")
