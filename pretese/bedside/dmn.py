"""Decision tables as DMN 1.3 XML, conditions as FEEL unary tests."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from pretese.bedside.dmn_diagram import add_diagram, requirement_id
from protocol.regimen.conditions import Bound, Condition
from protocol.regimen.rules import DecisionTable, Regimen
from protocol.safe_text import xml_text

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"
OURS = "https://pretese.invalid/dmn"
TYPES = {"number": "number", "integer": "number", "enum": "string"}


def dmn_xml(regimen: Regimen, tables: Sequence[str] = ()) -> str:
    """Return the tables of a regimen as one DMN 1.3 document, all of them if none is named.

    Each input is input data; each table is a decision that requires its inputs, with the columns in
    the file's order and two outputs, ``outcome`` and ``answer``. The rule's id, rationale and
    citation are in its description. The missing value is FEEL's ``null``. A diagram shows decisions
    and input data.
    """
    ET.register_namespace("", NAMESPACE)
    root = _element(
        None,
        "definitions",
        id=_id(regimen.id),
        name=regimen.title,
        namespace=OURS,
        exporter="pretese",
        exporterVersion=regimen.version,
    )
    _element(root, "description").text = f"{regimen.about} sha256 {regimen.sha256}"
    chosen = [regimen.tables[name] for name in tables or regimen.tables]
    for name in dict.fromkeys(name for table in chosen for name in table.inputs):
        _input_data(root, regimen, name)
    for table in chosen:
        _decision(root, regimen, table)
    add_diagram(root, {_id(table.name): [_input_id(n) for n in table.inputs] for table in chosen})
    ET.indent(root)
    text = xml_text(ET.tostring(root, "unicode"))  # which does not check characters itself
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _input_data(root: ET.Element, regimen: Regimen, name: str) -> None:
    """Add an input as input data, with its name in tables."""
    spec = regimen.inputs[name]
    data = _element(root, "inputData", id=_input_id(name), name=name, label=spec.label)
    unit = f" ({spec.unit})" if spec.unit and spec.unit != "1" else ""
    _element(data, "description").text = f"{spec.label}{unit}"
    kind = TYPES[spec.kind]
    _element(data, "variable", id=f"{_input_id(name)}_variable", name=name, typeRef=kind)


def _input_id(name: str) -> str:
    return f"input_{_id(name)}"


def _decision(root: ET.Element, regimen: Regimen, table: DecisionTable) -> None:
    decision = _element(root, "decision", id=_id(table.name), name=table.question)
    _element(decision, "variable", id=f"{_id(table.name)}_variable", name=table.question)
    for name in table.inputs:
        key = requirement_id(_id(table.name), _input_id(name))
        requirement = _element(decision, "informationRequirement", id=key)
        _element(requirement, "requiredInput", href=f"#{_input_id(name)}")
    hit = "COLLECT" if table.grid is None else "UNIQUE"
    grid = _element(decision, "decisionTable", id=f"{_id(table.name)}_table", hitPolicy=hit)
    for name in table.inputs:
        key = f"{_id(table.name)}_{name}"
        column = _element(grid, "input", id=key, label=regimen.inputs[name].label)
        asked = _element(
            column,
            "inputExpression",
            id=f"{key}_expression",
            typeRef=TYPES[regimen.inputs[name].kind],
        )
        _element(asked, "text").text = name
    for output in ("outcome", "answer"):
        key = f"{_id(table.name)}_{output}"
        _element(grid, "output", id=key, name=output, label=output, typeRef="string")
    for rule in table.rules:
        key = f"{_id(table.name)}_{rule.id}"
        row = _element(grid, "rule", id=key)
        _element(row, "description").text = f"{rule.id}: {rule.rationale} ({rule.citation})"
        for i, name in enumerate(table.inputs):
            _entry(row, "inputEntry", f"{key}_in{i}", feel(rule.conditions.get(name)))
        for i, value in enumerate((rule.outcome, rule.then)):
            wording = f'"{value}"' if value is not None else "null"
            _entry(row, "outputEntry", f"{key}_out{i}", wording)


def _entry(row: ET.Element, tag: str, key: str, text: str) -> None:
    _element(_element(row, tag, id=key), "text").text = text


def _element(parent: ET.Element | None, tag: str, **attributes: str) -> ET.Element:
    name = f"{{{NAMESPACE}}}{tag}"
    if parent is None:
        return ET.Element(name, attributes)
    return ET.SubElement(parent, name, attributes)


def _id(name: str) -> str:
    return re.sub(r"\W", "_", name)


def feel(condition: Condition | None) -> str:
    """Return a condition as FEEL unary tests.

    >>> from protocol.regimen.conditions import parse_number_condition
    >>> feel(parse_number_condition("below 0.7 or above 11.1 or missing", {}))
    '< 0.7, > 11.1, null'
    >>> feel(parse_number_condition("0.7 to 11.1", {}))
    '[0.7..11.1]'
    """
    if condition is None:
        return "-"
    tests = [_test(clause) for clause in condition.clauses]
    tests += [f'"{name}"' for name in sorted(condition.names)]
    if condition.missing:
        tests.append("null")
    return ", ".join(tests)


def _test(clause: Sequence[Bound]) -> str:
    if not clause:
        return "not(null)"
    for bound in clause:
        if bound.operator == "=":
            return _number(bound.limit)
    # Of two equal limits the open one is tighter.
    low = max(
        (bound for bound in clause if bound.operator in {">", ">="}),
        key=lambda bound: (bound.limit, bound.operator == ">"),
        default=None,
    )
    high = min(
        (bound for bound in clause if bound.operator in {"<", "<="}),
        key=lambda bound: (bound.limit, bound.operator == "<="),
        default=None,
    )
    if low and high:
        left, right = "[" if low.operator == ">=" else "(", "]" if high.operator == "<=" else ")"
        return f"{left}{_number(low.limit)}..{_number(high.limit)}{right}"
    one = low or high or clause[0]
    return f"{one.operator} {_number(one.limit)}"


def _number(value: float) -> str:
    return f"{value:.12g}"
