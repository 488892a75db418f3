"""The rules of a regimen as a CQL library: one definition per rule, on parameters of one patient.

Clinical Quality Language has three-valued logic, as the rules require: a comparison with a missing
value is unknown, and only ``is null`` is true.
"""

from collections.abc import Mapping

from protocol.regimen.conditions import Bound, Condition
from protocol.regimen.parts import Input
from protocol.regimen.rules import Regimen

#: Type of a parameter by the kind of its input.
TYPES = {"number": "Decimal", "integer": "Integer", "enum": "String"}


def cql_library(regimen: Regimen) -> str:
    """Return the library: parameters in the units of the regimen, and ``"TABLE.RULE"`` for each."""
    lines = [f"library {library_name(regimen)} version '{regimen.version}'", ""]
    for name, spec in regimen.inputs.items():
        lines.append(f"// {spec.label}" + (f", in {spec.unit}" if spec.unit else ""))
        lines.append(f'parameter "{name}" {TYPES[spec.kind]}')
    for table in regimen.tables.values():
        lines += ["", f"// {table.question}"]
        lines += [
            f'define "{table.name}.{rule.id}":\n  {expression(regimen, rule.conditions)}'
            for rule in table.rules
        ]
    return "\n".join(lines) + "\n"


def library_name(regimen: Regimen) -> str:
    """Return an identifier of CQL for a regimen.

    >>> import pretese
    >>> library_name(pretese.regimen("fsh-guided").compiled)
    'FshGuided'
    """
    return "".join(part.capitalize() for part in regimen.id.split("-"))


def expression(regimen: Regimen, conditions: Mapping[str, Condition]) -> str:
    """Return the conditions of a rule, all of which must be met."""
    parts = [_condition(name, each, regimen.inputs[name]) for name, each in conditions.items()]
    return "\n    and ".join(parts) or "true"


def _condition(name: str, condition: Condition, spec: Input) -> str:
    asked = [_names(name, condition)] if condition.names else []
    whole = spec.kind == "integer"
    asked += [" and ".join(_bound(name, b, whole) for b in each) for each in condition.clauses]
    asked += [f'"{name}" is null'] if condition.missing else []
    return "(" + " or ".join(f"({each})" if " and " in each else each for each in asked) + ")"


def _names(name: str, condition: Condition) -> str:
    return f'"{name}" in {{ ' + ", ".join(f"'{each}'" for each in sorted(condition.names)) + " }"


def _bound(name: str, bound: Bound, whole: bool) -> str:
    limit = f"{bound.limit:.0f}" if whole and bound.limit == int(bound.limit) else repr(bound.limit)
    return f'"{name}" {bound.operator} {limit}'
