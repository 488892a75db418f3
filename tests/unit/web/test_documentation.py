"""API documentation: OpenAPI, its page without scripts, JSON Schemas of files and documents."""

import html
import json
from pathlib import Path

import jsonschema
import pytest

import pretese
from pretese.api.schemas.schema_registry import DOCUMENTS, FILES, SCHEMAS, json_schema
from pretese.cli import run
from pretese.web.layout.wording import LANGUAGES, messages
from protocol.reading.documents import parse_yaml

SHIPPED = Path(pretese.__file__).parents[1]

#: Shipped files of each kind that is read.
EXAMPLES = {
    "regimen": "protocol/regimens/*.yaml",
    "design": "scenarios/designs/*.yaml",
    "scenario": "scenarios/*.yaml",
    "clinic-file": "scenarios/clinics/*.yaml",
    "plan": "docs/examples/plan.yaml",
}


#: Field that only designs of one kind have, to their schema.
OTHER_DESIGNS = {
    "control": jsonschema.Draft202012Validator(json_schema("design-several-arms")),
    "bayes": jsonschema.Draft202012Validator(json_schema("design-bayesian")),
}


@pytest.fixture(scope="module")
def document(client):
    return client.get("/openapi.json").json()


def test_every_route_is_described_with_its_parameters(client, document):
    paths = document["paths"]
    for path in ("/trial", "/cohort", "/cohort.zip", "/trial/compare"):
        assert len(paths[path]["get"]["parameters"]) >= 4, path
    for path in ("/decision.json", "/audit", "/cds-services/{service}", "/fhir/$bundle"):
        assert paths[path]["post"]["requestBody"]["content"], path
    page = html.unescape(client.get("/docs").text)
    for path, methods in paths.items():
        for method in set(methods) - {"options"}:
            assert f"<code>{method.upper()} {path}</code>" in page


def test_the_described_limits_are_those_in_force(client, document):
    parameters = {p["name"]: p["schema"] for p in document["paths"]["/trial"]["get"]["parameters"]}
    for name in ("alpha_percent", "treatments"):
        beyond = parameters[name]["maximum"] + 1
        assert client.get("/trial", params={name: str(beyond)}).status_code == 400
    size = {p["name"]: p["schema"] for p in document["paths"]["/cohort"]["get"]["parameters"]}
    over = {"patients": str(size["patients"]["maximum"] + 1)}
    assert client.get("/cohort", params=over).status_code == 400


def test_every_link_of_the_server_exists(client, document):
    named = {part for part in json.dumps(document).split('"') if part.startswith("/schemas/")}
    named -= {"/schemas/{name}"}
    assert len(named) == 4
    for address in named:
        assert client.get(address).status_code == 200
    assert client.get("/schemas/..%2Fx").status_code == 404
    assert client.get("/schemas/nothing").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_for_programs_is_in_every_language(client, language):
    page = html.unescape(client.get("/docs", params={"lang": language}).text)
    assert messages(language)["for_programs_note"] in page


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_a_valid_json_schema(name):
    schema = json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"]
    assert schema.get("properties") or schema.get("items") or schema.get("$ref"), name


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_shipped_file_meets_its_schema(name):
    valid = jsonschema.Draft202012Validator(json_schema(name))
    paths = [p for p in sorted(SHIPPED.glob(EXAMPLES[name])) if ".cases." not in p.name]
    assert paths
    for path in paths:
        text = path.read_text(encoding="utf-8")
        found = json.loads(json.dumps(parse_yaml(text, name), default=str))
        own = [field for field in OTHER_DESIGNS if name == "design" and field in found]
        checked = OTHER_DESIGNS[own[0]] if own else valid
        assert [each.message for each in checked.iter_errors(found)] == [], path.name
    assert not valid.is_valid({**found, "no_such_field": 1})
    assert not valid.is_valid({"id": "x"})


def test_a_decision_meets_its_schema(client):
    form = {"month": "2", "previous_phase": "hcg", "fsh": "9", "decision_date": "2022-03-31"}
    decision = client.post("/decision.json", data=form).json()
    jsonschema.validate(decision, client.get("/schemas/decision").json())


def test_the_command_lists_names_and_prints_schemas(capsys):
    assert run(["schema"]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {name} " in listed for name in (*FILES, *DOCUMENTS))
    assert run(["schema", "design"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema("design")
    assert run(["schema", "nothing"]) == 2
    assert "choose from patient" in capsys.readouterr().err
