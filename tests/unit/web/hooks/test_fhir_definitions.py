"""Regimens as FHIR definitions: valid resources, rules whose CQL gives the rule of the library."""

import base64
import itertools
import random
import re

import pytest

import pretese
from pretese.web.fhir.cql import cql_library
from pretese.web.fhir.definitions import KINDS, plan_definition
from protocol.regimen.load import list_regimens

#: Expressions of the libraries in Python; a comparison with a missing value is not true.
PYTHON = ((" is null", " is None"), (" = ", " == "), ("{ ", "{"), (" }", "}"))


def models():
    pytest.importorskip("fhir.resources", reason="the library is in the group dev")
    from fhir.resources.R4B import activitydefinition, library, plandefinition

    return {"PlanDefinition": plandefinition.PlanDefinition, "Library": library.Library,
            "ActivityDefinition": activitydefinition.ActivityDefinition}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_definition_is_a_valid_resource(client, kind):
    bundle = client.get(f"/fhir/{kind}").json()
    assert bundle["total"] == len(bundle["entry"]) >= 10
    valid = models()[kind].model_validate
    for entry in bundle["entry"]:
        found = entry["resource"]
        assert valid(found).id == found["id"]
        assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", found["id"])
        assert found["experimental"] is True
        assert entry["fullUrl"] == found["url"]
    one = bundle["entry"][0]["resource"]
    answer = client.get(f"/fhir/{kind}/{one['id']}")
    assert answer.json() == one
    assert answer.headers["content-type"].startswith("application/fhir+json")


@pytest.mark.parametrize("name", list_regimens())
def test_every_reference_of_a_plan_definition_exists(client, name):
    regimen = pretese.regimen(name).compiled
    plan = plan_definition(regimen)
    activities = {
        f"{each['url']}|{each['version']}" for each in KINDS["ActivityDefinition"](regimen)
    }
    named = {
        dose["definitionCanonical"]
        for table in plan["action"] for rule in table["action"] for dose in rule.get("action", [])
    }  # fmt: skip
    begun = {rule.then for rule in regimen.tables["phase"].rules}
    doses = [phase for phase in regimen.phases if phase.name in begun and phase.orders]
    assert named <= activities
    assert len(named) == sum(len(phase.orders) for phase in doses)
    defined = re.findall(r'^define ("[^"]+"):', cql_library(regimen), re.MULTILINE)
    asked = [
        rule["condition"][0]["expression"]["expression"]
        for table in plan["action"] for rule in table["action"]
    ]  # fmt: skip
    assert asked == defined


def test_the_library_contains_the_rules_as_cql_and_dmn(client):
    found = client.get("/fhir/Library/fsh-guided").json()
    texts = {c["contentType"]: base64.b64decode(c["data"]).decode() for c in found["content"]}
    regimen = pretese.regimen()
    assert texts["text/cql"] == cql_library(regimen.compiled)
    assert texts["application/xml"] == regimen.show("dmn")
    assert {each["name"] for each in found["parameter"]} == set(regimen.compiled.inputs)


def true_rules(expressions, values):
    """Return the definitions of a table that are true for the values of one patient."""
    return [
        name for name, parts in expressions.items() if all(holds(part, values) for part in parts)
    ]


def holds(part, values):
    """Evaluate one conjunct of a library; a comparison with a missing value is not true."""
    for clause in re.split(r"\) or \(| or ", part):
        try:
            if eval(clause.strip("( )"), {"__builtins__": {}, "true": True}, values):
                return True
        except TypeError:  # a missing value is neither below nor above
            continue
    return False


@pytest.mark.parametrize("name", list_regimens())
def test_only_the_rule_that_the_library_applies_is_true(name):
    compiled = pretese.regimen(name).compiled
    table = compiled.tables["phase"]
    text = cql_library(compiled)
    for before, after in PYTHON:
        text = text.replace(before, after)
    text = re.sub(r'"([a-z_0-9]+)"', r"\1", text)
    found = re.findall(
        r'^define "phase\.([^"]+)":\n(.*?)(?=\ndefine|\n\n|\Z)', text, re.DOTALL | re.MULTILINE
    )
    expressions = {rule: re.split(r"\n\s+and ", body.strip()) for rule, body in found}
    draw = random.Random(3)
    phases = [*compiled.inputs["previous_phase"].values, None]
    for month, phase in itertools.product(range(1, 7), phases):
        for _ in range(4):
            values = dict.fromkeys(compiled.inputs) | {
                "month": month, "previous_phase": phase,
                **{n: draw.choice([None, round(draw.uniform(0, 40), 1)])
                   for n, spec in compiled.inputs.items() if spec.kind == "number"},
            }  # fmt: skip
            asked = {axis: values[axis] for axis in table.inputs}
            (rule,) = true_rules(expressions, values)
            assert rule == table.rules[table.grid.rule_in(table.grid.locate(asked))].id, values


@pytest.mark.parametrize(
    "address", ["Nothing", "Nothing/x", "Library/nothing", "ActivityDefinition/fsh-guided.no.1",
                "Library/..%2F..%2Fetc"],
)  # fmt: skip
def test_a_missing_resource_returns_an_operation_outcome(client, address):
    answer = client.get(f"/fhir/{address}")
    assert answer.status_code == 404
    if "%" not in address:
        assert answer.json()["resourceType"] == "OperationOutcome"
