"""Orders at signature: a card for an order that contradicts the regimen, none for others."""

import pytest

from pretese.web.hooks.order_review import drafts_of
from pretese.web.hooks.service import answer
from tests.unit.web.hooks.hook_requests import (
    DAY_0,
    DAY_30,
    bundle,
    medication_order,
    observation,
    prefetch,
    request,
)

UFSH = medication_order("Urofollitropin", 150, 4)
HCG = medication_order("Choriogonadotropin", 2000, 4)
SURGERY = {"resourceType": "ServiceRequest", "id": "s1", "status": "draft", "intent": "order",
           "code": {"text": "Microdissection testicular sperm extraction"}}  # fmt: skip


def judged(*orders, **data):
    return answer(prefetch(**data), "p1", DAY_30, drafts_of(bundle(*orders)))


def test_orders_that_the_regimen_recommends_get_no_card():
    assert judged(UFSH, HCG) == []  # FSH 9 after a month of hCG: both drugs, each every 4 days
    weekly = medication_order("hCG", 2000, 4, dosageInstruction=[{
        "timing": {"repeat": {"frequency": 1, "period": 96, "periodUnit": "h"}},
        "doseAndRate": [{"doseQuantity": {"value": 2000, "unit": "IU"}}]}])  # fmt: skip
    assert judged(weekly) == []


def test_unrelated_orders_get_no_card():
    other = medication_order("Paracetamol 500 mg", 500, 1)
    signed = {**HCG, "status": "active", "dosageInstruction": []}
    scan = {"resourceType": "ServiceRequest", "status": "draft", "code": {"text": "Ultrasound"}}
    assert judged(other, signed, scan) == []
    assert judged() == []


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (medication_order("hCG", 5000, 4), "the dose is 5000 IU; the regimen has 2000 IU"),
        (medication_order("hCG", 2000, 2), "every 2 days; the regimen has every 4 days"),
        (medication_order("hCG", 2000, 4, dosageInstruction=[]), "no dose is stated"),
        (medication_order("uFSH", 2, 4, dosageInstruction=[{"doseAndRate": [
            {"doseQuantity": {"value": 150, "unit": "mg"}}]}]), "the dose is in mg"),
    ],
)  # fmt: skip
def test_another_dose_gets_a_card_with_the_complete_corrected_order(order, words):
    (card,) = judged(order)
    assert words in card["detail"].replace("\\", "")
    (offered,) = card["suggestions"]
    (action,) = offered["actions"]
    assert action["type"] == "update"
    assert action["resource"]["id"] == "m1"
    assert set(order) <= set(action["resource"])
    assert judged(action["resource"]) == []  # the suggestion is the recommendation of the regimen


def test_a_drug_that_is_not_recommended_may_be_withdrawn():
    (card,) = judged(UFSH, fsh=18.0)  # FSH above the range: hCG alone
    assert card["summary"] == "ufsh: the regimen does not recommend it at this time"
    (action,) = card["suggestions"][0]["actions"]
    assert (action["type"], action["resourceId"]) == ("delete", "MedicationRequest/m1")
    assert "resource" not in action
    (nameless,) = judged({k: v for k, v in UFSH.items() if k != "id"}, fsh=18.0)
    assert "suggestions" not in nameless


def test_surgery_before_the_end_of_therapy_gets_a_card():
    (card,) = judged(SURGERY)
    assert card["summary"].startswith("micro-tese: the regimen does not recommend it")
    assert card["suggestions"][0]["actions"][0]["resourceId"] == "ServiceRequest/s1"


def test_missing_data_are_named_in_the_card():
    (card,) = judged(HCG, fsh=None)
    assert "data are missing" in card["summary"]
    assert "fsh" in card["detail"]


def test_a_hold_is_the_only_card_and_has_no_suggestion():
    held = bundle(observation("4544-3", 56, "%", "2022-03-30"))
    cards = judged(HCG, UFSH, medication_order("hCG", 9000, 1), hematocrit=held)
    assert [card["indicator"] for card in cards] == ["critical"]
    assert all("suggestions" not in card for card in cards)
    assert judged(SURGERY, hematocrit=held) == cards
    assert judged(hematocrit=held) == []


def test_nothing_is_suggested_if_a_finding_needs_attention():
    high = bundle(observation("2986-8", 40, "nmol/L", "2022-03-30"))
    (card,) = judged(medication_order("hCG", 5000, 4), testosterone=high)
    assert "suggestions" not in card


def test_a_first_order_is_judged_by_the_entry_criteria():
    nobody = answer(prefetch(administrations=bundle()), "p1", DAY_0, drafts_of(bundle(HCG)))
    assert "data are missing" in nobody[0]["summary"]
    facts = {"azoospermic_samples": 2, "centrifuge_g": 3000, "centrifuge_minutes": 30,
             "karyotype": "normal", "azf": "none", "radio_or_chemotherapy": "no",
             "hypogonadotropic_hypogonadism": "no"}  # fmt: skip
    other = bundle(*(of_input(name, fact) for name, fact in facts.items()))
    data = prefetch(administrations=bundle(), other=other)
    first = medication_order("hCG", 2000, 2)
    assert answer(data, "p1", DAY_0, drafts_of(bundle(first))) == []
    (card,) = answer(data, "p1", DAY_0, drafts_of(bundle(HCG)))
    assert "every 4 days; the regimen has every 2 days" in card["detail"].replace("\\", "")


def of_input(name, fact):
    coding = [{"system": "https://pretese.invalid/inputs", "code": name}]
    value = {"valueString": fact} if isinstance(fact, str) else {"valueQuantity": {"value": fact}}
    return {"resourceType": "Observation", "status": "final", "code": {"coding": coding}, **value}


def test_a_medication_may_be_named_in_a_contained_resource():
    inside = {
        **{k: v for k, v in HCG.items() if k != "medicationCodeableConcept"},
        "contained": [{"resourceType": "Medication", "id": "med", "code": {"text": "hCG"}}],
        "medicationReference": {"reference": "#med"},
    }
    assert [kind for kind, _ in drafts_of(bundle(inside))] == ["hcg"]


def test_the_service_requires_draft_orders(client):
    whole = request(prefetch(), "order-sign", [HCG])
    assert client.post("/cds-services/fsh-guided-order-sign", json=whole).status_code == 200
    del whole["context"]["draftOrders"]
    lacking = client.post("/cds-services/fsh-guided-order-sign", json=whole)
    assert lacking.status_code == 400
    assert "draftOrders" in lacking.json()["issue"][0]["diagnostics"]
