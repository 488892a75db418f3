"""The registries of methods state code that exists, its source and its agreement, as the page."""

import re
from importlib import import_module

import pytest

from docs.generate.methods.estimators_page import OUTCOMES, PAGE, page
from estimate.methods.registry import METHODS
from estimate.outcomes.registry import OUTCOME_METHODS, provenance_of

STATED = [("binary", name) for name in METHODS] + [
    (kind, name) for kind, methods in OUTCOME_METHODS.items() for name in methods
]


def test_the_page_agrees_with_the_registries():
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "write it again: python -m docs.generate.methods.estimators_page"


@pytest.mark.parametrize(("kind", "name"), STATED)
def test_every_method_states_its_code_its_source_and_its_agreement(kind, name):
    stated = provenance_of(name, kind)
    module, _, function = stated.code.rpartition(".")
    assert callable(getattr(import_module(module), function))
    assert not stated.library or import_module(stated.library)
    assert stated.source == "standard" or re.search(r"\b(19|20)\d\d\b", stated.source)
    assert "`" in stated.equals or "by formula" in stated.equals
    assert re.search(r"\de-\d|same pairs", stated.agreement)


def test_the_page_has_every_method_once_for_each_outcome():
    table = [line.strip("| ").split(" | ") for line in page("").splitlines() if "| `" in line]
    listed = [
        (name, outcome)
        for names, outcomes, *_ in table
        for name in re.findall(r"`(.+?)`", names)
        for outcome in outcomes.split(", ")
        if outcome != "trials"
    ]
    words = {"binary": "0/1", **OUTCOMES}
    assert sorted(listed) == sorted((name, words[kind]) for kind, name in STATED)
