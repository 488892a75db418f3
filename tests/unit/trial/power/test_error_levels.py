"""The measured type I errors: the program that measures them, and the page that shows them."""

from pathlib import Path

import pytest

from benchmarks.trial.error_levels import levels
from benchmarks.trial.level_cases import FAMILIES
from benchmarks.trial.mcse_ratios import spread_ratios

PAGE = Path(__file__).parents[4] / "docs/explanation/type-i-error.md"


def test_every_case_has_a_row_on_the_page():
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    shown = {
        (row[0].removeprefix("| ").rpartition(", ")[0], row[1]) for row in rows if len(row) > 4
    }
    cases = {(family, name) for family, (_, changes) in FAMILIES.items() for name in changes}
    assert cases <= shown


def test_a_family_is_measured_in_the_same_trials():
    found = {row["analysis"]: row for row in levels("strata of baseline values", 60, seed=3)}
    assert set(found) == set(FAMILIES["strata of baseline values"][1])
    for row in found.values():
        assert 0 <= row["level"] <= 0.2
        assert row["mcse"] == pytest.approx((row["level"] * (1 - row["level"]) / 60) ** 0.5)
    again = next(iter(levels("strata of baseline values", 60, seed=3)))
    assert again["level"] == next(iter(found.values()))["level"]


def test_ratios_exclude_constants_and_quantiles():
    documents = [
        {
            "power": {"value": 0.5 + 0.1 * k, "mcse": 0.1},
            "fixed": {"value": 1.0, "mcse": 0.0},
            "quantiles": {"value": k, "mcse": 1.0},
        }
        for k in (-1, 0, 1)
    ]
    assert spread_ratios(documents) == pytest.approx({"power": 1.0})
