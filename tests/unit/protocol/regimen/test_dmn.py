"""Other DMN software reads the exported tables with the same meaning."""

import itertools
import warnings
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pretese.bedside.dmn import NAMESPACE, dmn_xml, feel
from pretese.bedside.dmn_diagram import DC, DI, DMNDI
from protocol.regimen.conditions import parse_name_condition, parse_number_condition
from protocol.regimen.grid import fill, grid_of
from protocol.regimen.load import list_regimens, load_regimen
from tests.support.feel import read_feel
from tests.support.peers import peer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the peers call functions that pydantic has retired
    from SpiffWorkflow.dmn.parser.BpmnDmnParser import SCHEMAS as SPIFF_SCHEMAS
    from SpiffWorkflow.dmn.parser.BpmnDmnParser import BpmnDmnParser

EVERY_TABLE = [(name, table) for name in list_regimens() for table in load_regimen(name).tables]


def spiff_table(name: str, table: str):
    parser = BpmnDmnParser()
    parser.add_dmn_str(dmn_xml(load_regimen(name), [table]).encode())
    (own,) = parser.dmn_parsers.values()
    own.parse()
    (found,) = own.decision.decisionTables
    return found


@pytest.mark.parametrize("name", list_regimens())
def test_the_export_is_valid_dmn_1_3(name):
    schema = etree.XMLSchema(etree.parse(SPIFF_SCHEMAS[NAMESPACE]))
    schema.assertValid(etree.fromstring(dmn_xml(load_regimen(name)).encode()))


def test_the_schema_refuses_what_is_not_dmn():
    schema = etree.XMLSchema(etree.parse(SPIFF_SCHEMAS[NAMESPACE]))
    broken = dmn_xml(load_regimen("fsh-guided")).replace("hitPolicy", "hitpolicy")
    assert not schema.validate(etree.fromstring(broken.encode()))


@pytest.mark.parametrize(("name", "table"), EVERY_TABLE)
def test_a_table_is_unchanged_after_export_to_spiffworkflow(name, table):
    ours, theirs = load_regimen(name).tables[table], spiff_table(name, table)
    assert theirs.hit_policy == ("COLLECT" if ours.grid is None else "UNIQUE")
    assert tuple(column.expression for column in theirs.inputs) == ours.inputs
    assert len(theirs.rules) == len(ours.rules)
    rows = []
    for rule, row in zip(ours.rules, theirs.rules, strict=True):
        texts = [entry.text for entry in row.inputEntries]
        specs = [load_regimen(name).inputs[column] for column in ours.inputs]
        read = {
            column: condition
            for column, text, spec in zip(ours.inputs, texts, specs, strict=True)
            if (condition := read_feel(text, spec.values))
        }
        rows.append(read)
        assert [entry.text for entry in row.outputEntries] == [
            f'"{rule.outcome}"',
            f'"{rule.then}"' if rule.then else "null",
        ]
        assert row.description.startswith(f"{rule.id}: ")
    if ours.grid is not None:
        assert grid_of(ours.grid.axes, fill(ours.grid.axes, rows)) == ours.grid


def bkflow():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls functions that pydantic has retired
        return peer("bkflow-dmn", "bkflow_dmn.api")


@pytest.mark.parametrize("name", list_regimens())
def test_bkflow_decides_every_cell_without_missing_values_equally(name):
    table = load_regimen(name).tables["phase"]
    # `month` is a reserved word of its grammar.
    columns = [{"id": f"column{i}"} for i in range(len(table.inputs))]
    rows = [
        [
            ""
            if column not in rule.conditions
            else feel(rule.conditions[column]).split(", null")[0]
            for column in table.inputs
        ]
        for rule in table.rules
    ]
    kept = [i for i, row in enumerate(rows) if "null" not in row]
    document = {
        "title": table.name,
        "inputs": {"cols": columns, "rows": [rows[i] for i in kept]},
        "outputs": {"cols": [{"id": "rule"}], "rows": [[f'"{table.rules[i].id}"'] for i in kept]},
    }
    decide_single_table = bkflow().decide_single_table
    tried = 0
    for cell in itertools.product(*(axis.examples for axis in table.proved.axes)):
        facts = dict(zip(table.inputs, cell, strict=True))
        if None in facts.values() or (facts["month"] or 0) > 5:
            continue  # it has no missing values, and is slow
        facts["month"] = int(facts["month"])
        expected = table.rules[table.proved.rule_at(facts)].id
        named = {column["id"]: value for column, value in zip(columns, facts.values(), strict=True)}
        assert decide_single_table(document, named) == [{"rule": expected}]
        tried += 1
    assert tried >= 1


def test_all_tables_of_a_regimen_fit_into_one_document():
    root = ET.fromstring(dmn_xml(load_regimen("fsh-guided")))
    names = [node.get("id") for node in root.iter(f"{{{NAMESPACE}}}decision")]
    assert names == ["eligibility", "phase", "end_of_therapy", "sperm_use", "flags"]
    identifiers = [node.get("id") for node in root.iter() if node.get("id")]
    assert len(identifiers) == len(set(identifiers))


numbers = st.floats(-100, 100).map(lambda x: round(x, 3))
bounds = st.tuples(st.sampled_from(["below", "at most", "above", "at least"]), numbers).map(
    lambda pair: f"{pair[0]} {pair[1]!r}"
)
ranges = st.tuples(numbers, numbers).map(lambda pair: f"{min(pair)!r} to {max(pair)!r}")
both = st.tuples(bounds, bounds).map(" and ".join)
clauses = bounds | ranges | both | numbers.map(repr) | st.sampled_from(["missing", "measured"])


@given(texts=st.lists(clauses, min_size=1, max_size=3), value=numbers | st.none())
def test_a_condition_has_the_same_meaning_after_translation_to_feel(texts, value):
    condition = parse_number_condition(" or ".join(texts), {})
    returned = read_feel(feel(condition))
    assert returned is not None
    assert returned.holds(value) == condition.holds(value)


@given(
    texts=st.lists(st.sampled_from(["a", "b", "missing", "measured"]), min_size=1),
    value=st.sampled_from(["a", "b", None]),
)
def test_names_have_the_same_meaning_after_translation_to_feel(texts, value):
    condition = parse_name_condition(" or ".join(texts), ("a", "b"))
    returned = read_feel(feel(condition), ("a", "b"))
    assert returned is not None
    assert returned.holds(value) == condition.holds(value)


@pytest.mark.parametrize("name", ["fsh-guided", "clomiphene-first"])
def test_a_modeller_shows_every_decision_with_its_input_data(name):
    """Every shape and arrow refers to an element, no two shapes overlap, and arrows end on them."""
    root = etree.fromstring(dmn_xml(load_regimen(name)).encode())
    spaces = {"d": NAMESPACE, "i": DMNDI, "c": DC, "w": DI}
    known = {element.get("id") for element in root.iter() if element.get("id")}
    boxes = {}
    for shape in root.iterfind(".//i:DMNShape", spaces):
        box = shape.find("c:Bounds", spaces)
        boxes[shape.get("dmnElementRef")] = [int(box.get(k)) for k in ("x", "y", "width", "height")]
    shown = root.xpath("d:decision/@id | d:inputData/@id", namespaces=spaces)
    assert set(boxes) == set(shown) <= known
    for (x1, y1, w1, h1), (x2, y2, w2, h2) in itertools.combinations(boxes.values(), 2):
        assert x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 or y2 + h2 <= y1
    edges = list(root.iterfind(".//i:DMNEdge", spaces))
    assert {edge.get("dmnElementRef") for edge in edges} <= known
    tables = load_regimen(name).tables.values()
    assert len(edges) == sum(len(table.inputs) for table in tables)
    for edge in edges:
        requirement = root.xpath(f"//*[@id='{edge.get('dmnElementRef')}']")[0]
        source = requirement[0].get("href").removeprefix("#")
        target = requirement.getparent().get("id")
        (x1, y1), (x2, y2) = [
            (int(point.get("x")), int(point.get("y")))
            for point in edge.iterfind("w:waypoint", spaces)
        ]
        (left, top, width, _), (over, above, wide, high) = boxes[source], boxes[target]
        assert (left <= x1 <= left + width, y1) == (True, top)
        assert (over <= x2 <= over + wide, y2) == (True, above + high)
