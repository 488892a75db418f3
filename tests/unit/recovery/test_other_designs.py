"""Tables of other designs: valid plans, recovery of known effects, and the written pages."""

import re
from pathlib import Path

import numpy as np
import pytest

from docs.generate.recovery.__main__ import replicate_of, section, simulate, truths_of
from docs.generate.recovery.findings import FINDINGS
from docs.generate.recovery.mechanisms import MECHANISMS
from estimate.plan.spec import Plan
from protocol.reading.documents import validate

PAGE = Path(__file__).parents[3] / "docs/explanation/other-designs.md"


@pytest.mark.parametrize("name", MECHANISMS)
def test_every_mechanism_draws_a_table_for_its_plan(name):
    chosen = MECHANISMS[name]
    table = chosen.draw(np.random.default_rng(1), 80)
    plan = validate(dict(chosen.plan), Plan, where=name)
    assert {plan.treatment, *plan.outcome.columns, *plan.kinds} <= set(table)
    assert {len(column) for column in table.values()} == {80}


@pytest.mark.parametrize("name", ["count", "repeated"])
def test_replicates_are_estimated_near_the_truth_and_depend_only_on_their_number(name):
    found = simulate(name, 8)
    assert np.array_equal(found[5], replicate_of(name, 5))
    truths = np.array(list(truths_of(name).values()))
    unbiased = [not MECHANISMS[name].biased & {method} for method, _ in truths_of(name)]
    middle = found[..., 0].mean(0) - truths
    spread = found[..., 0].std(0, ddof=1) / np.sqrt(8)
    assert (np.abs(middle) < 5 * spread)[unbiased].all()
    text = section(name, found)
    assert text.count("\n| ") == 1 + len(truths)
    assert f"## {name}" in text


def test_the_section_names_the_number_of_patients_used(monkeypatch):
    monkeypatch.setitem(FINDINGS, "repeated", "A finding.\n")
    found = simulate("repeated", 2, patients=40)
    assert not np.array_equal(found, simulate("repeated", 2))
    text = section("repeated", found, 40)
    assert "; 40 patients." in text
    assert "A finding." not in text  # it is about the page's number of patients
    assert section("repeated", found).endswith("\n\nA finding.\n")


def test_the_page_holds_every_mechanism_and_every_finding():
    page = PAGE.read_text(encoding="utf-8")
    heads = re.findall("^## (.+)$", page, re.MULTILINE)
    assert heads == [*MECHANISMS]
    assert all(text in page for text in FINDINGS.values())
