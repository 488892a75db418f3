"""CDS Hooks 2.0: discovery, cards from FHIR resources, missing data, no drug during a hold."""

import datetime as dt
import json
import random
from uuid import UUID

import pytest

import pretese
from pretese.web.fhir.codes import FINDINGS, PREFETCH
from pretese.web.fhir.fhir_values import injections_of, measurements_of, phases_given
from pretese.web.hooks.service import SERVICES, answer
from protocol.errors import InputError
from tests.unit.web.hooks.hook_requests import (
    DAY_0,
    DAY_30,
    administration,
    bundle,
    medication_order,
    month_of_hcg,
    observation,
    prefetch,
    request,
)


def test_discovery_lists_services_and_the_data_they_need(client):
    response = client.get("/cds-services")
    assert response.headers["access-control-allow-origin"] == "*"
    services = response.json()["services"]
    assert {each["id"]: each["hook"] for each in services} == SERVICES
    for each in services:
        assert each["title"]
        assert each["description"]
        assert each["prefetch"] == PREFETCH
    assert client.options("/cds-services/x").status_code == 204


@pytest.mark.parametrize("hook", ["patient-view", "order-sign"])
def test_a_call_returns_cards_of_the_standard(client, hook):
    orders = [medication_order("hCG", 5000, 2)] if hook == "order-sign" else []
    asked = request(prefetch(), hook, orders)
    response = client.post(f"/cds-services/fsh-guided-{hook}", json=asked)
    assert response.status_code == 200
    assert set(response.json()) == {"cards"}
    assert response.json()["cards"]
    for card in response.json()["cards"]:
        UUID(card["uuid"])
        assert 0 < len(card["summary"]) < 140
        assert card["indicator"] in ("info", "warning", "critical")
        assert card["source"]["label"]
        for reason in card["overrideReasons"]:
            assert set(reason) == {"code", "system", "display"}
        assert ("suggestions" in card) == ("selectionBehavior" in card)
        for suggestion in card.get("suggestions", []):
            UUID(suggestion["uuid"])
            assert suggestion["label"]


def test_the_card_shows_the_decision_of_the_library():
    for fsh, phase in ((9.0, "uFSH and hCG, alternating"), (12.0, "hCG alone")):
        decision = pretese.regimen().decide(
            month=2, previous_phase="hcg", fsh=fsh, decision_date=DAY_30
        )
        (card,) = answer(prefetch(fsh), "p1", DAY_30)
        assert decision.recommendation == phase
        assert card["summary"] == f"Recommendation: {phase}"
        assert decision.rule in card["source"]["label"]


def test_random_values_give_the_rule_of_the_library():
    draw = random.Random(11)
    guided = pretese.regimen()
    for _ in range(40):
        fsh = round(draw.uniform(0.1, 30), 1)
        card = answer(prefetch(fsh), "p1", DAY_30)[-1]
        ours = guided.decide(month=2, previous_phase="hcg", fsh=fsh, decision_date=DAY_30)
        assert card["source"]["label"].endswith(f"rule {ours.rule}"), fsh


def test_a_suggestion_is_a_draft_for_a_person_to_sign():
    (card,) = answer(prefetch(), "p1", DAY_30)
    drafts = [s["actions"][0]["resource"] for s in card["suggestions"]]
    assert [d["medicationCodeableConcept"]["text"] for d in drafts] == ["ufsh", "hcg"]
    for draft in drafts:
        assert (draft["status"], draft["intent"]) == ("draft", "proposal")
        assert draft["subject"] == {"reference": "Patient/p1"}
        dose = draft["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]
        assert dose["code"] == "[IU]"


def test_no_drug_is_suggested_together_with_a_hold():
    data = prefetch(hematocrit=bundle(observation("4544-3", 56, "%", "2022-03-30")))
    cards = answer(data, "p1", DAY_30)
    assert cards[0]["indicator"] == "critical"
    assert all("suggestions" not in card for card in cards)


def test_the_same_request_returns_the_same_identifiers():
    first, second = (answer(prefetch(), "p1", DAY_30) for _ in range(2))
    assert first == second
    assert answer(prefetch(12.0), "p1", DAY_30)[0]["uuid"] != first[0]["uuid"]


def test_missing_values_are_named_and_only_their_test_is_suggested():
    (card,) = answer(prefetch(None), "p1", DAY_30)
    assert card["summary"].startswith("Insufficient data")
    assert card["indicator"] == "warning"
    (draft,) = (s["actions"][0]["resource"] for s in card["suggestions"])
    assert draft["resourceType"] == "ServiceRequest"
    assert draft["code"]["coding"] == [{"system": "http://loinc.org", "code": "15067-2"}]


def test_a_patient_without_drugs_of_the_regimen_gets_no_card():
    assert answer(prefetch(administrations=bundle()), "p1", DAY_30) == []
    other = bundle(administration(DAY_0, "Paracetamol 500 mg"))
    assert answer(prefetch(administrations=other), "p1", DAY_30) == []


def test_an_impossible_unit_is_reported_in_a_card():
    (card,) = answer(prefetch(9.0, "ng/mL"), "p1", DAY_30)
    assert card["summary"] == "The record does not allow a decision"
    assert "ng/mL" in card["detail"]


def test_values_that_are_not_final_or_not_exact_do_not_count():
    kept = measurements_of([
        observation("15067-2", 9, "[IU]/L"),
        observation("15067-2", 8, "[IU]/L", status="preliminary"),
        observation("15067-2", 7, "[IU]/L", status="entered-in-error"),
        observation("99999-9", 6, "[IU]/L"),
        observation("15067-2", 5, "[IU]/L", date="2022-03"),
        observation("15067-2", 4, "[IU]/L", valueQuantity={"value": 4, "comparator": "<="}),
        observation("15067-2", 3, "[IU]/L", valueQuantity={"value": 0.3, "comparator": "<"}),
        {"resourceType": "Observation", "code": None},
    ])  # fmt: skip
    assert [each["value"] for each in kept] == [9, "<0.3"]


def test_phases_follow_from_the_drugs_of_each_month():
    regimen = pretese.regimen().compiled
    second = [
        administration(DAY_30 + dt.timedelta(days=4 * i + 2 * k), name)
        for i in range(7)
        for k, name in enumerate(("Urofollitropin 150 IU", "hCG 2000 IU"))
    ]
    given = injections_of([*month_of_hcg(), *second])
    start, phases = phases_given(given, regimen, dt.date(2022, 5, 1))
    assert (start, phases) == (DAY_0, ["hcg", "hcg-ufsh"])
    alone = injections_of([administration(DAY_0, "Urofollitropin 75 IU")])
    with pytest.raises(InputError, match="not a phase of the regimen"):
        phases_given(alone, regimen, DAY_30)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "not valid JSON"),
        (b"\xff\xfe", 400, "UTF-8"),
        (b"[]", 400, ""),
        (json.dumps({"hook": "patient-view"}).encode(), 400, "hookInstance"),
        (json.dumps(request(prefetch(), "order-sign")).encode(), 400, "patient-view"),
        (json.dumps({**request(None), "hookInstance": "no"}).encode(), 400, "hookInstance"),
        (json.dumps(request(None)).encode(), 412, "prefetch lacks patient, fsh, administrations"),
        (json.dumps(request({"patient": {}, "fsh": None})).encode(), 412, "administrations"),
    ],
    ids=["no JSON", "bytes", "a list", "no instance", "another hook", "instance", "empty", "parts"],
)
def test_a_faulty_call_is_answered_with_an_operation_outcome(client, body, status, words):
    response = client.post("/cds-services/fsh-guided-patient-view", content=body)
    assert response.status_code == status
    assert response.json()["resourceType"] == "OperationOutcome"
    assert words in response.json()["issue"][0]["diagnostics"]


def test_an_unknown_service_is_not_found(client):
    response = client.post("/cds-services/nothing", json=request(prefetch()))
    assert response.status_code == 404
    assert response.json()["resourceType"] == "OperationOutcome"


def test_malformed_resources_never_break_the_service(client):
    draw = random.Random(2)
    junk = [None, 7, "x", [], {}, [[]], {"entry": 3}, {"entry": [3, None, {"resource": 4}]}, True]

    def damaged(value):
        if isinstance(value, dict):
            return {k: damaged(v) if draw.random() > 0.06 else draw.choice(junk)
                    for k, v in value.items()}  # fmt: skip
        if isinstance(value, list):
            return [damaged(v) if draw.random() > 0.06 else draw.choice(junk) for v in value]
        return value

    for _ in range(300):
        data = damaged(request(prefetch(hematocrit=bundle(observation("4544-3", 51, "%")))))
        response = client.post("/cds-services/fsh-guided-patient-view", json=data)
        assert response.status_code in (200, 400, 412), json.dumps(data)[:400]


def test_every_finding_of_the_service_is_an_input_of_the_regimen():
    inputs = pretese.regimen().compiled.inputs
    for finding in FINDINGS.values():
        assert any(name == finding or name.startswith(f"{finding}_") for name in inputs), finding
