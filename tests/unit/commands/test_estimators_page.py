"""The page of estimators has every method for every outcome, with code that exists."""

import re
from importlib import import_module
from pathlib import Path

from estimate.methods.registry import METHODS
from estimate.outcomes.registry import RUNS

PAGE = Path(__file__).parents[3] / "docs/reference/estimators.md"
KINDS = {"continuous": "number", "count": "count", "ordinal": "ordered classes", "time": "time"}


def rows():
    text = PAGE.read_text(encoding="utf-8").split("## Every method of a plan")[1]
    table = text.split("## Lines of own code")[0]
    return [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]


def listed(kind):
    return {name for row in rows() if kind in row[1] for name in re.findall(r"`([a-z-]+)`", row[0])}


def test_the_page_has_every_method_of_a_plan_once_for_0_1_outcomes():
    assert listed("0/1") == set(METHODS)
    first = [name for row in rows() if "0/1" in row[1] for name in re.findall(r"`(.+?)`", row[0])]
    assert len(first) == len(set(first))


def test_the_page_has_every_method_of_the_other_outcomes():
    for kind, word in KINDS.items():
        assert set(RUNS[kind]) <= listed(word), kind


def test_each_row_names_code_an_r_function_and_an_agreement():
    for row in rows():
        assert len(row) == 5, row
        assert row[3]
        assert re.search(r"1e-|2e-|same pairs", row[4]), row
        modules = re.findall(r"`(estimate[.][a-z_.]+)`", row[2])
        assert modules or "statsmodels" in row[2], row
        for module in modules:
            import_module(module)
