"""What programs read: OpenAPI, its page without scripts, and JSON Schemas of files and documents."""

import html
import json
from pathlib import Path

import jsonschema
import pytest
import yaml

import pretese
from pretese.api.schemas.schema_registry import DOCUMENTS, FILES, SCHEMAS, json_schema
from pretese.cli import run
from pretese.web.layout.wording import LANGUAGES, messages

SHIPPED = Path(pretese.__file__).parents[1]

#: A shipped file of each kind that is read.
EXAMPLES = {
    "regimen": "protocol/regimens/fsh-guided.yaml",
    "design": "scenarios/designs/three-analyses.yaml",
    "clinic-file": "scenarios/clinics/one-centre.yaml",
    "plan": "docs/examples/plan.yaml",
}


@pytest.fixture(scope="module")
def document(client):
    return client.get("/openapi.json").json()


def test_every_address_is_described_with_its_entries(client, document):
    paths = document["paths"]
    for path in ("/trial", "/cohort", "/cohort.zip", "/trial/compare"):
        assert len(paths[path]["get"]["parameters"]) >= 4, path
    for path in ("/decision.json", "/audit", "/cds-services/{service}", "/fhir/$bundle"):
        assert paths[path]["post"]["requestBody"]["content"], path
    page = html.unescape(client.get("/docs").text)
    for path, methods in paths.items():
        for method in set(methods) - {"options"}:
            assert f"<code>{method.upper()} {path}</code>" in page


def test_the_limits_that_are_described_are_those_that_hold(client, document):
    parameters = {p["name"]: p["schema"] for p in document["paths"]["/trial"]["get"]["parameters"]}
    for name in ("alpha_percent", "treatments"):
        beyond = parameters[name]["maximum"] + 1
        assert client.get("/trial", params={name: str(beyond)}).status_code == 400
    size = {p["name"]: p["schema"] for p in document["paths"]["/cohort"]["get"]["parameters"]}
    over = {"patients": str(size["patients"]["maximum"] + 1)}
    assert client.get("/cohort", params=over).status_code == 400


def test_what_the_server_refers_to_exists(client, document):
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
def test_every_schema_is_one(name):
    schema = json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"]
    assert schema.get("properties") or schema.get("$ref") or schema.get("anyOf"), name


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_shipped_file_meets_its_schema(name):
    text = (SHIPPED / EXAMPLES[name]).read_text(encoding="utf-8")
    found = json.loads(json.dumps(yaml.safe_load(text), default=str))
    jsonschema.validate(found, json_schema(name))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**found, "no_such_field": 1}, json_schema(name))


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
