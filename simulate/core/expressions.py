"""Arithmetic that a file may state: parsed, checked against a short grammar, applied to arrays.

Nothing is executed. Numbers, names, ``+ - * / **``, comparisons, ``and``, ``or``, ``not`` and the
functions of `FUNCTIONS` are allowed; everything else is refused when the file is read.
"""

import ast
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]

#: Longest text and largest number of operations of one expression.
MAX_LENGTH, MAX_PARTS = 1000, 300

#: Functions by name, with the number of their arguments.
FUNCTIONS: dict[str, tuple[Callable[..., Floats], int]] = {
    "exp": (np.exp, 1),
    "log": (np.log, 1),
    "sqrt": (np.sqrt, 1),
    "abs": (np.abs, 1),
    "expit": (expit, 1),
    "floor": (np.floor, 1),
    "min": (np.minimum, 2),
    "max": (np.maximum, 2),
    "where": (lambda given, yes, no: np.asarray(np.where(given != 0, yes, no), np.float64), 3),
}

_OPERATORS: dict[type[ast.AST], Callable[..., Floats]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
    ast.Not: np.logical_not,
    ast.And: np.logical_and,
    ast.Or: np.logical_or,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}

_ALLOWED = re.compile(r"[A-Za-z0-9_+\-*/<>=!(),. ]*", re.ASCII)

_GRAMMAR = (
    "write numbers, names, + - * / **, comparisons, and, or, not, and "
    f"{', '.join(f'{name}()' for name in FUNCTIONS)}"
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression, and the names of the values that it uses."""

    body: ast.expr
    names: frozenset[str]

    def evaluate(self, values: Mapping[str, Floats | float]) -> Floats:
        """Return the expression of arrays that broadcast; true is 1, false is 0.

        Division by zero, and logarithms of what has none, give infinity or NaN.

        >>> parse_expression("where(age > 30, 2 ** k, -1)").evaluate(
        ...     {"age": np.array([20.0, 40.0]), "k": 3.0}
        ... ).tolist()
        [-1.0, 8.0]
        """
        with np.errstate(all="ignore"):
            return np.asarray(_value(self.body, values), np.float64)


def parse_expression(text: str) -> Expression:
    """Read an expression; raise ValueError with what is wrong and what is allowed.

    >>> sorted(parse_expression("exp(-rate * age) < share").names)
    ['age', 'rate', 'share']
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the expression is longer than {MAX_LENGTH} characters; shorten it")
    line = " ".join(text.split())
    odd = line[_match_end(line) :][:1]
    if odd:
        raise ValueError(f"{odd!r} has no meaning in an expression; {_GRAMMAR}")
    body = _parsed(line)
    parts = list(ast.walk(body))
    if len(parts) > MAX_PARTS:
        raise ValueError(f"the expression has more than {MAX_PARTS} parts; divide it")
    for part in parts:
        _check(part)
    called = {id(part.func) for part in parts if isinstance(part, ast.Call)}
    names = [part.id for part in parts if isinstance(part, ast.Name) and id(part) not in called]
    wrong = next((name for name in names if name in FUNCTIONS), None)
    if wrong:
        raise ValueError(f"{wrong} is a function; write {wrong}(...)")
    return Expression(body, frozenset(names))


def _match_end(line: str) -> int:
    found = _ALLOWED.match(line)
    return found.end() if found else 0


def _parsed(line: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(line, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"this is not an expression; {_GRAMMAR}") from None


#: Nodes for operators and for the use of names; the node that contains them is checked.
_MARKS = (ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context)


def _check(part: ast.AST) -> None:
    """Refuse what is not in the grammar."""
    match part:
        case ast.Constant(value=value):
            _check_number(value)
        case ast.BinOp(op=op) | ast.UnaryOp(op=op) | ast.BoolOp(op=op):
            _check_operators([op])
        case ast.Compare(ops=ops):
            _check_operators(ops)
        case ast.Call():
            _check_call(part)
        case ast.Name():
            return
        case _ if not isinstance(part, _MARKS):
            raise ValueError(f"{type(part).__name__.lower()} is not allowed here; {_GRAMMAR}")


def _check_number(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number; {_GRAMMAR}")
    if abs(value) > 1e12:
        raise ValueError("a number is greater than 1e12; write a smaller one")


def _check_operators(operators: Sequence[ast.AST]) -> None:
    for each in operators:
        if type(each) not in _OPERATORS:
            raise ValueError(f"an operator is not allowed here; {_GRAMMAR}")


def _check_call(call: ast.Call) -> None:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name not in FUNCTIONS:
        named = f"there is no function {name}" if name else "this cannot be called"
        raise ValueError(f"{named}; {_GRAMMAR}")
    wanted = FUNCTIONS[name][1]
    if len(call.args) != wanted or call.keywords:
        raise ValueError(f"{name}() takes {wanted} values, separated by commas")


def _value(part: ast.expr, values: Mapping[str, Floats | float]) -> Floats | float:
    match part:
        case ast.Constant(value=number):
            return float(number)  # type: ignore[arg-type]  # checked to be a number
        case ast.Name(id=name):
            return values[name]
        case ast.Call(func=ast.Name(id=name), args=args):
            return FUNCTIONS[name][0](*(_value(each, values) for each in args))
        case ast.UnaryOp(op=op, operand=operand):
            return _number(_OPERATORS[type(op)](_value(operand, values)))
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left, values), _value(right, values))
        case ast.BoolOp(op=op, values=parts):
            return _chained([type(op)] * (len(parts) - 1), [_value(p, values) for p in parts])
        case ast.Compare(left=left, ops=ops, comparators=others):
            return _compared(ops, [_value(each, values) for each in (left, *others)])
    raise TypeError(f"{type(part).__name__} passed the check of the grammar")


def _chained(kinds: list[type[ast.boolop]], parts: list[Floats | float]) -> Floats:
    found = parts[0]
    for kind, each in zip(kinds, parts[1:], strict=True):
        found = _OPERATORS[kind](found, each)
    return _number(found)


def _compared(ops: list[ast.cmpop], parts: list[Floats | float]) -> Floats:
    """Return whether every neighbouring pair compares as stated."""
    pairs = zip(ops, parts[:-1], parts[1:], strict=True)
    held = [_OPERATORS[type(op)](a, b) for op, a, b in pairs]
    return _number(np.logical_and.reduce(np.broadcast_arrays(*held)))


def _number(found: Floats | float) -> Floats:
    return np.asarray(found, np.float64)
