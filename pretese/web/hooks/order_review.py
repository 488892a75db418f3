"""Review of orders before signature, compared with the recommendation of the regimen.

Orders that agree with the regimen or are outside its scope produce no card.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pretese.api.protocols.decisions import Decision
from pretese.web.fhir.codes import SURGERY_WORDS
from pretese.web.fhir.dosage import differences, dosage_of
from pretese.web.fhir.fhir_values import drug_of, mappings, resources_of
from pretese.web.hooks.cards import (
    BANNER,
    card_of,
    hold_card,
    name_of,
    source_of,
    with_suggestions,
)

Order = Mapping[str, Any]


def drafts_of(bundle: Any) -> list[tuple[str, Order]]:
    """Return the draft orders in the scope of a regimen: subject and resource of each."""
    found = []
    for each in resources_of(bundle, "MedicationRequest"):
        drug = drug_of(_medication(each))
        if drug is not None and each.get("status") == "draft":
            found.append((drug, each))
    services = resources_of(bundle, "ServiceRequest")
    surgery = [e for e in services if _is_surgery(e.get("code")) and e.get("status") == "draft"]
    return [*found, *(("micro-tese", each) for each in surgery)]


def review_cards(
    decision: Decision, drafts: Sequence[tuple[str, Order]], patient: str
) -> list[dict[str, Any]]:
    """Return a card for each draft that contradicts the decision; with a hold only its card.

    Parameters
    ----------
    drafts
        Draft orders from `drafts_of`.
    patient
        Id of the patient in the record.
    """
    if not drafts:
        return []
    document = decision.to_dict()
    if document["outcome"] == "hold":
        return [hold_card(flag, document, patient) for flag in document["flags"]["raised"]]
    raised = bool(document["flags"]["raised"])
    cards = [_judged(kind, order, document, patient) for kind, order in drafts]
    # With a safety finding nothing is suggested.
    return [with_suggestions(card, [] if raised else found) for card, found in filter(None, cards)]


def _judged(
    kind: str, draft: Order, document: Mapping[str, Any], patient: str
) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """Return the card about a draft and its suggestions; None if it agrees with the regimen."""
    last = document["decisions"][-1]
    if draft["resourceType"] == "ServiceRequest" and kind == last["action"]:
        return None
    orders = [order for order in last["orders"] if order["drug"] == kind]
    found = [differences(draft, order) for order in orders]
    if [] in found:
        return None
    if orders:
        words = f"The order of {kind} differs from the regimen"
        return _about(words, found[0], draft, document, patient, [_corrected(draft, orders[0])])
    words = f"{kind}: the regimen does not recommend it at this time"
    if document["outcome"] == "insufficient data":
        words = f"{kind}: the regimen cannot decide, data are missing"
    reason = f"{document['outcome']}: {document['recommendation']}"
    changes = [_deleted(draft, kind)]
    return _about(words, [reason, last["rationale"]], draft, document, patient, changes)


def _about(
    words: str,
    reasons: Sequence[str],
    draft: Order,
    document: Mapping[str, Any],
    patient: str,
    changes: list[dict[str, Any] | None],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    from pretese.io.text.markup import markdown_text

    last = document["decisions"][-1]
    missing = [f"needed: {name}" for name in last["missing_inputs"]]
    listed = "\n".join(f"* {markdown_text(each)}" for each in [*reasons, *missing])
    key = f"{patient} {document['as_of']} {last['rule_id']} {draft.get('id')} {words}"
    card = card_of(words, f"{listed}\n\n{BANNER}", "warning", key, listed)
    known = [{**each, "uuid": name_of(f"{key} {each['label']}")} for each in changes if each]
    return {**card, "source": source_of(document)}, known


def _corrected(draft: Order, order: Mapping[str, Any]) -> dict[str, Any]:
    """Return the suggestion to change the draft to the dose of the regimen, as a whole resource."""
    dosage = dosage_of(order)
    resource = {**draft, "dosageInstruction": [dosage]}
    label = f"Change the draft to {dosage['text']}"
    action = {"type": "update", "description": label, "resource": resource}
    return {"label": label, "actions": [action]}


def _deleted(draft: Order, kind: str) -> dict[str, Any] | None:
    """Return the suggestion to withdraw the draft; None if the draft has no id."""
    if not isinstance(draft.get("id"), str):
        return None
    label = f"Withdraw the draft of {kind}"
    resource = f"{draft['resourceType']}/{draft['id']}"
    action = {"type": "delete", "description": label, "resourceId": resource}
    return {"label": label, "actions": [action]}


def _medication(request: Order) -> Any:
    """Return the code of a medication, from the request or from a contained resource."""
    if request.get("medicationCodeableConcept"):
        return request["medicationCodeableConcept"]
    reference = request.get("medicationReference")
    name = str(reference.get("reference", "")) if isinstance(reference, Mapping) else ""
    contained = mappings(request.get("contained"))
    return next((each.get("code") for each in contained if f"#{each.get('id')}" == name), None)


def _is_surgery(concept: Any) -> bool:
    if not isinstance(concept, Mapping):
        return False
    words = [str(concept.get("text") or "")]
    words += [str(each.get("display") or "") for each in mappings(concept.get("coding"))]
    text = " ".join(words).lower()
    return any(each in text for each in SURGERY_WORDS)
