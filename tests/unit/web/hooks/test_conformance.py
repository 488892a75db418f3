"""Requirements of CDS Hooks 2.0 for a service, and the table of their tests."""

import ast
import re
import socket
from pathlib import Path
from uuid import UUID

import pytest

from pretese.web import server
from pretese.web.fhir.codes import PREFETCH
from pretese.web.hooks.order_review import drafts_of
from pretese.web.hooks.service import SERVICES, answer
from pretese.web.security.settings import ServerSettings
from tests.unit.web.hooks.hook_requests import (
    DAY_30,
    bundle,
    medication_order,
    observation,
    prefetch,
    request,
)

ROOT = Path(__file__).parents[4]
PAGE = ROOT / "docs" / "reference" / "cds-hooks.md"

#: Fields of a card that are sent, with the type of each.
CARD = {"uuid": str, "summary": str, "detail": str, "indicator": str, "source": dict,
        "overrideReasons": list, "suggestions": list, "selectionBehavior": str}  # fmt: skip


def every_card():
    """Return cards of every kind: recommendation, hold, missing data, refusal, orders."""
    held = bundle(observation("4544-3", 56, "%", "2022-03-30"))
    high = bundle(observation("2986-8", 40, "nmol/L", "2022-03-30"))
    wrong = drafts_of(bundle(medication_order("hCG", 5000, 4), medication_order("hMG hCG", 1, 1)))
    surgery = {"resourceType": "ServiceRequest", "id": "s1", "status": "draft",
               "code": {"text": "micro-TESE"}}  # fmt: skip
    views = [prefetch(), prefetch(hematocrit=held), prefetch(testosterone=high), prefetch(None),
             prefetch(9.0, "ng/mL")]  # fmt: skip
    found = [card for each in views for card in answer(each, "p1", DAY_30)]
    found += answer(prefetch(), "p1", DAY_30, wrong)
    return [*found, *answer(prefetch(), "p1", DAY_30, drafts_of(bundle(surgery)))]


@pytest.fixture(scope="module")
def cards():
    found = every_card()
    assert {card["indicator"] for card in found} == {"info", "warning", "critical"}
    assert any("suggestions" in card for card in found)
    return found


def parts_of(value):
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from parts_of(each)


def test_no_field_of_a_response_is_null_or_empty(client, cards):
    listed = client.get("/cds-services").json()
    for part in parts_of([listed, *cards]):
        assert part is not None
        assert part not in ("", [], {})


def test_cards_have_the_fields_of_the_standard_with_their_types(cards):
    for card in cards:
        for name, value in card.items():
            assert type(value) is CARD[name], name
        assert str(UUID(card["uuid"])) == card["uuid"]
        assert 0 < len(card["summary"]) < 140
        assert card["indicator"] in ("info", "warning", "critical")
    names = [card["uuid"] for card in cards]
    assert len(set(names)) == len(names)


def test_a_source_has_a_label_an_absolute_address_and_a_coded_topic(cards):
    for card in cards:
        source = card["source"]
        assert isinstance(source["label"], str)
        assert set(source) <= {"label", "url", "topic"}
        assert source.get("url", "https://doi.org/").startswith("https://doi.org/")
        for name in ("code", "system", "display") if "topic" in source else ():
            assert isinstance(source["topic"][name], str)
    assert any("url" in card["source"] for card in cards)


def test_details_are_markdown_without_html(cards):
    for card in cards:
        assert not re.search(r"<[a-z/!]", card["detail"], re.IGNORECASE)


def test_override_reasons_are_codings_with_a_display(cards):
    for card in cards:
        for reason in card["overrideReasons"]:
            assert {name: type(value) for name, value in reason.items()} == {
                "code": str, "system": str, "display": str,
            }  # fmt: skip


def test_suggestions_are_labelled_named_and_chosen_freely(cards):
    for card in cards:
        assert ("suggestions" in card) == ("selectionBehavior" in card)
        assert card.get("selectionBehavior", "any") in ("any", "at-most-one")
        for each in card.get("suggestions", []):
            assert set(each) == {"label", "uuid", "actions"}
            assert isinstance(each["label"], str)
            UUID(each["uuid"])
            assert len(each["actions"]) == 1  # all actions of a suggestion are accepted together


def test_actions_create_update_or_delete_complete_resources(cards):
    kinds = set()
    for action in (a for c in cards for s in c.get("suggestions", []) for a in s["actions"]):
        kinds.add(action["type"])
        assert isinstance(action["description"], str)
        if action["type"] == "delete":
            assert "resource" not in action
            assert re.fullmatch(r"[A-Za-z]+/[A-Za-z0-9.-]+", action["resourceId"])
        else:
            assert isinstance(action["resource"]["resourceType"], str)
            assert action["resource"]["status"] == "draft"
            assert ("id" in action["resource"]) == (action["type"] == "update")
    assert kinds == {"create", "update", "delete"}


def test_links_icons_extensions_and_system_actions_are_not_sent(client, cards):
    whole = client.post("/cds-services/fsh-guided-patient-view", json=request(prefetch())).json()
    assert set(whole) == {"cards"}
    keys = {key for part in parts_of(cards) if isinstance(part, dict) for key in part}
    assert not keys & {"links", "appContext", "icon", "extension", "systemActions", "isRecommended"}


def test_services_are_described_and_their_ids_are_unique(client):
    services = client.get("/cds-services").json()["services"]
    assert isinstance(services, list)
    names = [each["id"] for each in services]
    assert len(set(names)) == len(names) == len(SERVICES)
    for each in services:
        for name in ("hook", "id", "title", "description", "usageRequirements"):
            assert isinstance(each[name], str)
        address = f"/cds-services/{each['id']}"
        assert client.post(address, json=request(prefetch(), each["hook"])).status_code == 200


def test_prefetch_tokens_are_root_fields_of_the_context():
    assert all(isinstance(key, str) for key in PREFETCH)
    for template in PREFETCH.values():
        tokens = re.findall(r"\{\{(.*?)\}\}", template)
        assert tokens == ["context.patientId"]


def test_requests_and_responses_are_json(client):
    view = "/cds-services/fsh-guided-patient-view"
    faulty = client.post(view, content=b"<xml/>")
    good = client.post(view, json=request(prefetch()))
    for answered in (client.get("/cds-services"), good, faulty):
        assert re.match(r"application/(fhir\+)?json", answered.headers["content-type"])
        answered.json()


def test_no_server_of_the_client_is_called(client, monkeypatch):
    def no_network(*_):
        raise AssertionError("the service works with what it is sent")

    monkeypatch.setattr(socket, "create_connection", no_network)
    asked = {**request(prefetch()), "fhirServer": "https://ehr.example/fhir",
             "fhirAuthorization": {"access_token": "x", "token_type": "Bearer"}}  # fmt: skip
    assert client.post("/cds-services/fsh-guided-patient-view", json=asked).status_code == 200


def test_a_server_reachable_from_other_machines_warns_of_unencrypted_requests(monkeypatch, capsys):
    uvicorn = pytest.importorskip("uvicorn")
    monkeypatch.setattr(uvicorn.Server, "run", lambda _, sockets: sockets[0].close())
    server.serve(ServerSettings("0.0.0.0", 0, "a" * 20), open_browser=False)
    assert "put a proxy with TLS in front" in capsys.readouterr().out


def test_every_requirement_names_tests_that_exist():
    """The table of the page contains each requirement once, with tests of this suite."""
    rows = re.findall(
        r"^\| ([0-9]+) \| (.*?) \| (.*?) \| (.*?) \|$", PAGE.read_text(), re.MULTILINE
    )
    assert len(rows) == len({number for number, *_ in rows}) == 73
    named = [name for *_, tests in rows for name in re.findall(r"`(\w+)`", tests)]
    paths = (ROOT / "tests" / "unit" / "web").rglob("test_*.py")
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    known = {n.name for tree in trees for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    assert named
    assert set(named) <= known
    without = [number for number, *_, tests in rows if "`" not in tests]
    assert without == ["213"]  # an agreement between those who run both programs
