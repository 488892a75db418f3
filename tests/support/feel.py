"""Read back the FEEL unary tests that `pretese.bedside.dmn.feel` writes."""

import re
from collections.abc import Mapping, Sequence

from protocol.regimen.conditions import Bound, Condition, Operator

_RANGE = re.compile(r"([\[(])\s*(-?[\d.]+?)\s*\.\.\s*(-?[\d.]+)\s*([\])])")
_COMPARISON = re.compile(r"(<=|>=|<|>)\s*(-?[\d.]+)")


def read_feel(text: str, values: Sequence[str] = ()) -> Condition | None:
    """Return the condition of FEEL unary tests as `feel` writes them; None for ``-``.

    ``values`` are the names of an enum, empty for a number.
    """
    if text.strip() == "-":
        return None
    clauses: list[tuple[Bound, ...]] = []
    names: set[str] = set()
    missing = False
    for test in (part.strip() for part in text.split(",")):
        if test == "null":
            missing = True
        elif test == "not(null)":
            clauses.append(())
            names.update(values)
        elif test.startswith('"'):
            names.add(test.strip('"'))
        elif found := _RANGE.fullmatch(test):
            left, low, high, right = found.groups()
            clauses.append(
                (
                    Bound(">=" if left == "[" else ">", float(low)),
                    Bound("<=" if right == "]" else "<", float(high)),
                )
            )
        elif found := _COMPARISON.fullmatch(test):
            operator, limit = found.groups()
            clauses.append((Bound(_OPERATORS[operator], float(limit)),))
        else:
            clauses.append((Bound("=", float(test)),))
    return Condition(text, tuple(clauses), frozenset(names), missing)


_OPERATORS: Mapping[str, Operator] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
