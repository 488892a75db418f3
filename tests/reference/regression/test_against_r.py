"""The benchmark against R: both sides fit the same tasks, and differences are found."""

import re
from pathlib import Path

from benchmarks.against_r import bench_against_r, our_fits


def test_both_sides_have_the_same_tasks():
    script = Path(bench_against_r.__file__).with_name("fits.R").read_text(encoding="utf-8")
    tasks = re.findall(r'^task\("([^"]+)"', script, re.MULTILINE)
    assert tasks == list(bench_against_r.CALLS)
    assert {*tasks} - {"structural model by ipw"} == {*our_fits.our_fits()}


def test_differences_are_relative_and_the_largest(monkeypatch):
    monkeypatch.setattr(bench_against_r, "FITS", 3)
    fit = our_fits.OurFit(lambda: None, lambda _: [(1.0, 2.0), (-4.0, 1.0)])
    lines = [["0.004"], ["1.0", "2.0"], ["-4.0004", "1.01"]]
    spent, ours, *differences = bench_against_r.cells(lines, fit)
    assert (spent, differences) == ("4", ["1e-04", "1e-02"])
    assert float(ours) >= 0


def test_an_absent_package_is_named():
    cells = bench_against_r.cells([["not installed", "ipw"]], None)
    assert cells == ["ipw is not installed", "", "", ""]


def test_the_tables_hold_what_r_reads():
    tables = our_fits.tables()
    assert {name: len(table) for name, table in tables.items()} == {
        "cohort": 542, "visits": 154, "months": 1084, "couples": 138, "oocytes": 1705,
    }  # fmt: skip
    missing = {
        column for table in tables.values() for column in table if table[column].isna().any()
    }
    assert missing == {"embryos_left"}  # which no fit uses
