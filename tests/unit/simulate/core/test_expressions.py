"""Expressions in files: their values, and which are refused."""

import numpy as np
import pytest

from simulate.core.expressions import MAX_LENGTH, parse_expression


def value(text: str, **values: float) -> float:
    return float(parse_expression(text).evaluate(values))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3 * 4 - 6 / 3", 12),
        ("-2 ** 2", -4),
        ("(1 + 1) ** 3", 8),
        ("1 < x <= 3", 1),
        ("x == 3 and not x > 3", 1),
        ("x < 3 or x != 3", 0),
        ("where(x > 2, 10, 20) + min(x, 1) + max(x, 5)", 16),
        ("log(exp(x)) + sqrt(x * 3) + abs(-x) + floor(x / 2)", 10),
        ("expit(0)", 0.5),
        ("  x\n  + 1 ", 4),
    ],
)
def test_an_expression_gives_its_arithmetic(text, expected):
    assert value(text, x=3.0) == pytest.approx(expected)


def test_an_expression_applies_to_every_patient():
    found = parse_expression("where(a >= 2, a, -b)").evaluate(
        {"a": np.array([[1.0, 2.0]]), "b": 5.0}
    )
    assert found.tolist() == [[-5.0, 2.0]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("__import__('os')", "has no meaning"),
        ("x.real", "attribute is not allowed"),
        ("x[0]", "has no meaning"),
        ("(lambda x: x)(1)", "has no meaning"),
        ("sin(x)", "there is no function sin"),
        ("(1)(2)", "cannot be called"),
        ("log(x, 2)", r"log\(\) takes 1 value"),
        ("max(x)", r"max\(\) takes 2 values"),
        ("log", "log is a function"),
        ("True", "is not a number"),
        ("1e999", "greater than 1e12"),
        ("x // 2", "operator is not allowed"),
        ("x in x", "operator is not allowed"),
        ("1 if x else 2", "not allowed here"),
        ("x = 1", "this is not an expression"),
        ("1 +", "this is not an expression"),
        ("", "this is not an expression"),
        ("é", "has no meaning"),
        ("(" * 300 + ")" * 300, "this is not an expression"),
        ("+".join(["x"] * 200), "more than 300 parts"),
        ("x" * (MAX_LENGTH + 1), "longer than"),
    ],
)
def test_expressions_that_are_not_arithmetic_are_refused(text, words):
    with pytest.raises(ValueError, match=words):
        parse_expression(text)
