"""The report of an analysis: methods, figures, reporting items, subgroups by value."""

import re

import numpy as np
import pandas as pd
import pytest

import pretese as pt
from estimate.core.columns import Numeric
from estimate.plan.choices import Subgroup, check_division
from pretese.analysis.methods_text import methods_paragraph
from pretese.analysis.reporting_items import reporting_items
from pretese.cli import run
from protocol.errors import InputError

PLAN = {
    "treatment": "therapy",
    "outcome": "sperm",
    "covariates": {"age": "numeric", "smoker": "numeric"},
    "methods": ["unadjusted", "adjusted", "iptw-ate"],
    "subgroups": {"smoking": {"by": "smoker"}},
}


def table(n=240):
    rng = np.random.default_rng(2)
    columns = {"age": rng.normal(34, 5, n).round(1), "smoker": rng.integers(0, 2, n)}
    columns["therapy"] = (rng.random(n) < 0.5).astype(int)
    columns["sperm"] = (rng.random(n) < 0.3 + 0.2 * columns["therapy"]).astype(int)
    return pd.DataFrame(columns)


def test_the_methods_paragraph_names_what_was_done():
    words = methods_paragraph(pt.analyse(table(), PLAN).findings)
    assert words.startswith("We compared sperm (a binary outcome) between patients with and")
    assert "The propensity score was estimated by logistic regression on age, smoker." in words
    assert "Holm's correction" in words
    assert words.endswith(".")


def test_reporting_items_say_what_is_missing():
    bare = {key: PLAN[key] for key in ("treatment", "outcome")} | {"methods": ["unadjusted"]}
    items = {what: place for _, what, place in reporting_items(pt.analyse(table(), bare).findings)}
    assert items["adjusted estimates"] == "missing"
    assert items["unadjusted estimates"] == "effects"
    full = {what: place for _, what, place in reporting_items(pt.analyse(table(), PLAN).findings)}
    assert full["subgroups and interactions"] == "subgroups"
    listed = reporting_items(pt.analyse(table(), PLAN).findings)
    target = [item for item, _, _ in listed if item.startswith("TARGET")]
    numbers = {int(n) for item in target for n in re.findall(r"\d+", item)}
    spans = [re.findall(r"\d+", item) for item in target if " to " in item]
    numbers |= {n for a, *_, b in spans for n in range(int(a), int(b) + 1)}
    assert numbers == set(range(1, 22))  # the checklist has 21 items
    assert ("TARGET 13", "absolute and relative effects with precision", "effects") in listed
    assert items["strategies with their rules over time"] == "missing"


def test_the_report_is_one_file_with_figures(tmp_path, capsys):
    table().to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "plan.yaml").write_text(
        "treatment: therapy\noutcome: sperm\nmethods: [unadjusted]\ncovariates: {age: numeric}\n"
    )
    words = ["analyse", str(tmp_path / "t.csv"), "--plan", str(tmp_path / "plan.yaml")]
    assert run([*words, "--report", str(tmp_path / "report.html")]) == 0
    capsys.readouterr()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 2
    assert "Statistical methods" in page
    assert "<script" not in page
    assert "src=" not in page


def test_zeros_and_ones_divide_by_value():
    found = pt.analyse(table(), PLAN)
    assert found.subgroups["group"].tolist() == ["smoker = 0", "smoker = 1"]


def test_many_numbers_need_a_cut():
    with pytest.raises(InputError, match=r"age holds .* distinct numbers; give a cut"):
        pt.analyse(table(), {**PLAN, "subgroups": {"age": {"by": "age"}}})
    with pytest.raises(ValueError, match="age is a number; give a cut"):
        check_division("age", Subgroup(by="age"), Numeric())


def test_numbers_are_levels_of_groups_without_quotes():
    group = Subgroup.model_validate({"by": "cause", "groups": {"known": [1, 2], "none": [0]}})
    assert group.groups == {"known": ("1", "2"), "none": ("0",)}
