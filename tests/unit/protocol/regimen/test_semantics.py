"""Hit policies and logic with null, as DMN conformance suites test them.

The topics are those of the public DMN technology compatibility kit (simple tables with hit policy
U and C, ternary logic); wording and numbers are our own.
"""

import pytest

from protocol.bedside.entry import verdict
from protocol.errors import ProofError
from protocol.regimen.conditions import parse_name_condition, parse_number_condition
from protocol.regimen.load import parse_regimen

TOLERANCE = "{value: 1, unit: d, status: assumed, rationale: none}"
HEAD = f"""
id: loans
version: 1.0.0
title: An invented loan
about: A table from which conformance questions are asked.
months: 1
sources: {{us: {{title: us}}}}
inputs:
  month:
    {{kind: integer, role: state, label: m, unit: a, plausible: [1, 2], may_be_missing: false}}
  age: {{kind: number, label: age, unit: a, plausible: [0, 120]}}
  risk: {{kind: enum, label: risk, values: [low, medium, high]}}
phases: {{rest: {{label: rest, ends_therapy: true, source: us, locator: none}}}}
actions: {{approve: yes it is, decline: no it is not}}
tolerances: {{injection: {TOLERANCE}, dose: {TOLERANCE}, visit: {TOLERANCE}, gap: {TOLERANCE}}}
tables:
  phase:
    question: none
    inputs: [month]
    rules:
      - {{id: R, outcome: no action required, then: rest, rationale: b, source: us, locator: n,
         status: assumed}}
  end-of-therapy:
    question: approve?
    inputs: [age, risk]
    hit: unique
    rules:
"""


def rules(*lines: tuple[str, str]) -> str:
    return HEAD + "".join(
        f"      - {{id: L{i}, when: {{{when}}}, {answer}, rationale: b, source: us, locator: n, "
        "status: assumed}\n"
        for i, (when, answer) in enumerate(lines)
    )


APPROVE, DECLINE, ASK = "then: approve", "then: decline", "outcome: insufficient data"
COMPLETE = (
    ("age: at least 18, risk: low or medium", APPROVE),
    ("age: at least 18, risk: high", DECLINE),
    ("age: below 18", DECLINE),
    ("age: at least 18, risk: missing", ASK),
    ("age: missing", ASK),
)


def answer(text: str, age, risk):
    table = parse_regimen(text, "loans.yaml").tables["end-of-therapy"]
    return table.rules[table.proved.rule_at({"age": age, "risk": risk})].id


@pytest.mark.parametrize(
    ("age", "risk", "rule"),
    [
        (18, "low", "L0"),
        (18, "medium", "L0"),
        (18, "high", "L1"),
        (17.9, "high", "L2"),
        (17.9, None, "L2"),
        (40, None, "L3"),
        (None, "low", "L4"),
        (None, None, "L4"),
    ],
)
def test_unique_one_rule_fires_for_every_applicant_null_included(age, risk, rule):
    assert answer(rules(*COMPLETE), age, risk) == rule


@pytest.mark.parametrize(
    ("without", "applicant"),
    [
        (0, "age 18, risk low"),
        (1, "age 18, risk high"),
        (2, "age 9"),
        (3, "age 18, risk missing"),
        (4, "age missing"),
    ],
)
def test_unique_no_rule_is_refused_on_loading_and_not_answered_by_null(without, applicant):
    kept = [line for i, line in enumerate(COMPLETE) if i != without]
    with pytest.raises(
        ProofError, match=f"no rule fires for a patient with {applicant}; add a rule"
    ):
        parse_regimen(rules(*kept), "loans.yaml")


def test_unique_two_rules_are_refused_even_if_they_agree():
    twice = rules(*COMPLETE, ("age: 18, risk: low", APPROVE))
    with pytest.raises(
        ProofError, match="rules L0 and L5 both fire for a patient with age 18, risk low"
    ):
        parse_regimen(twice, "loans.yaml")


def test_unique_a_rule_contained_in_another_is_refused():
    text = rules(*COMPLETE, ("age: below 18 and above 18", APPROVE))
    with pytest.raises(ProofError, match="rule L5 can never fire"):
        parse_regimen(text, "loans.yaml")


def test_an_input_without_condition_matches_any_value_null_included():
    assert answer(rules(("", APPROVE)), None, None) == "L0"
    assert answer(rules(("", APPROVE)), 3, "low") == "L0"


TRUE, FALSE, NULL = 1.0, 0.0, None
WANTED = {name: parse_number_condition("1", {}) for name in ("left", "right")}
WORDS = {True: "met", False: "failed", None: "unknown"}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (TRUE, TRUE, "met"),
        (TRUE, FALSE, "failed"),
        (TRUE, NULL, "unknown"),
        (FALSE, TRUE, "failed"),
        (FALSE, FALSE, "failed"),
        (FALSE, NULL, "failed"),
        (NULL, TRUE, "unknown"),
        (NULL, FALSE, "failed"),
        (NULL, NULL, "unknown"),
    ],
)
def test_ternary_and_is_that_of_kleene(left, right, expected):
    assert verdict(WANTED, {"left": left, "right": right}) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("a", True), ("b", True), ("c", False), (None, False)]
)
def test_ternary_or_inside_a_cell_needs_one_true_alternative(value, expected):
    assert parse_name_condition("a or b", ("a", "b", "c")).holds(value) is expected


def test_null_equals_null_only_if_the_rule_names_missing():
    assert parse_number_condition("missing", {}).holds(None)
    assert not parse_number_condition("0", {}).holds(None)
    assert not parse_number_condition("measured", {}).holds(None)


@pytest.mark.parametrize(
    ("values", "fired"),
    [({"x": 1.0}, []), ({"x": 6.0}, ["a"]), ({"x": 11.0}, ["a", "b"]), ({"x": None}, [])],
)
def test_collect_gives_every_rule_that_fires_in_the_order_of_the_table(values, fired):
    table = {
        "a": {"x": parse_number_condition("above 5", {})},
        "b": {"x": parse_number_condition("above 10", {})},
    }
    assert [name for name, wanted in table.items() if verdict(wanted, values) == "met"] == fired
