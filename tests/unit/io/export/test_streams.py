import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pretese.io.export import streams
from pretese.io.export.streams import Stream
from tests.support.exported import assert_same_values, drawn_tables, fields, read_exact

KINDS = ("csv", "parquet")


def read(path):
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return read_exact(path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", drawn_tables())
def test_a_table_comes_back_value_for_value(tmp_path, kind, name):
    path = tmp_path / f"{name}.{kind}"
    with Stream(path, fields()[name]) as stream:
        stream.write(drawn_tables()[name])
    assert_same_values(read(path), drawn_tables()[name])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("held", [1, 50, 10**6])
def test_pieces_make_the_same_table_as_one_write(tmp_path, monkeypatch, kind, held):
    monkeypatch.setattr(streams, "HELD_ROWS", held)
    table = drawn_tables()["visits"]
    path = tmp_path / f"visits.{kind}"
    with Stream(path, fields()["visits"]) as stream:
        for begin in range(0, len(table), 37):
            stream.write(table.iloc[begin : begin + 37])
    assert_same_values(read(path), table)


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_without_rows_has_its_columns(tmp_path, kind):
    path = tmp_path / f"transfers.{kind}"
    with Stream(path, fields()["transfers"]) as stream:
        stream.write(drawn_tables()["transfers"].iloc[:0])
    found = read(path)
    assert len(found) == 0
    assert list(found.columns) == [field.name for field in fields()["transfers"]]


def test_parquet_carries_unit_and_ucum_code_of_every_column(tmp_path):
    path = tmp_path / "visits.parquet"
    with Stream(path, fields()["visits"]) as stream:
        stream.write(drawn_tables()["visits"])
    schema = pq.read_schema(path)
    assert schema.field("fsh_iu_l").metadata[b"ucum"] == b"[IU]/L"
    assert schema.field("fsh_iu_l").metadata[b"unit"] == b"IU/L"
    assert all(b"meaning" in field.metadata for field in schema)


def test_a_csv_is_plain_text_with_a_bare_header_and_empty_cells(tmp_path):
    path = tmp_path / "visits.csv"
    with Stream(path, fields()["visits"]) as stream:
        stream.write(drawn_tables()["visits"])
    lines = path.read_bytes().split(b"\n")
    assert lines[0].decode().split(",") == list(drawn_tables()["visits"])
    assert lines[1].startswith(b"1,0,0,2017-06-07,")
    assert b",,," in lines[1]
    assert b"\r" not in path.read_bytes()


def test_values_of_another_kind_are_not_forced_into_a_column(tmp_path):
    wrong = drawn_tables()["transfers"].assign(live_birth="yes")
    with (
        pytest.raises(ValueError, match="yes"),
        Stream(tmp_path / "transfers.parquet", fields()["transfers"]) as stream,
    ):
        stream.write(wrong)


def test_the_comparison_made_here_sees_a_last_bit_and_a_missing_value():
    table = drawn_tables()["truth"]
    assert_same_values(table.copy(), table)
    nudged = table.assign(
        spermatogenic_liability=np.nextafter(table["spermatogenic_liability"], np.inf)
    )
    with pytest.raises(AssertionError, match="spermatogenic_liability"):
        assert_same_values(nudged, table)
    gone = table.assign(
        spermatogenic_liability=table["spermatogenic_liability"].where(table["patient_id"] != 3)
    )
    with pytest.raises(AssertionError, match="spermatogenic_liability"):
        assert_same_values(gone, table)
