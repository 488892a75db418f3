"""The JSON Schemas of the reference are those of the printed documents."""

import json

import jsonschema
import pytest

from docs.generate import plan_page
from docs.generate.json.schema import meaning, rows, unused_meanings
from docs.generate.json_pages import (
    DOCUMENTS,
    ROOT,
    SCHEMA_FOLDER,
    TARGET,
    printed,
    schema,
    write_inputs,
)

#: Documents that are fast to make; the others are made with the page.
QUICK = ("schedule", "audit", "proof", "boundaries", "monitor", "analysis", "evidence")


def stored(name):
    return json.loads((SCHEMA_FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", QUICK)
def test_a_stored_schema_is_that_of_the_document(name, tmp_path):
    write_inputs(tmp_path)
    found = schema(name, tmp_path)
    kept = {key: each for key, each in stored(name).items() if key not in ("$schema", "title")}
    assert kept == found, "run: python -m docs.generate.json_pages"


def test_another_document_meets_the_schema_and_a_wrong_one_does_not(tmp_path):
    write_inputs(tmp_path)
    (tmp_path / "interim.csv").write_text(
        "estimate,std_error,participants\n0.01,0.06,180\n0.02,0.05,340\n"
    )
    document = printed("monitor trial.yaml interim.csv --final", tmp_path)
    jsonschema.validate(document, stored("monitor"))
    document["analyses"][0]["z"] = "high"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, stored("monitor"))


def test_the_page_lists_every_field_of_every_schema():
    page = (TARGET / "index.md").read_text(encoding="utf-8")
    for name in DOCUMENTS:
        fields = list(rows(stored(name)))
        assert len(fields) > 10
        assert all(f"| `{place}` | {kind} | {words} |" in page for place, kind, words in fields)
        assert all(words for _, _, words in fields)


def test_every_meaning_is_that_of_a_field_and_every_field_needs_one():
    assert unused_meanings({name: stored(name) for name in DOCUMENTS}) == set()
    with pytest.raises(KeyError, match=r"no meaning of power\.mystery"):
        meaning("power", "mystery")


def test_the_page_of_the_analysis_plan_is_written_from_the_code():
    page = (ROOT / "docs/reference/analysis-plan.md").read_text(encoding="utf-8")
    assert page == plan_page.page()
