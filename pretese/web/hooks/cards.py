"""A decision as CDS Hooks cards: holds first; with a hold no drug is suggested."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

from pretese.api.protocols.decisions import Decision
from pretese.web.fhir.codes import FINDINGS, LOINC
from pretese.web.fhir.dosage import dosage_of
from pretese.web.protocols.bedside_form import finding_name as analyte_name

#: Maximum length of a summary in CDS Hooks.
SUMMARY = 140

#: Namespace of the UUIDs of cards and suggestions, which are derived from their content.
SPACE = uuid.UUID("5f0d6f1a-6a2f-5c1e-9d35-1f4f4a3c7b10")

BANNER = "Research software: not a medical device, and no recommendation for a real patient."

#: Reasons for overriding a card.
OVERRIDES = (
    {"code": "clinical-judgement", "display": "Clinical judgement"},
    {"code": "patient-preference", "display": "The patient prefers otherwise"},
    {"code": "not-on-this-regimen", "display": "The patient is not treated by this regimen"},
    {"code": "data-wrong", "display": "The values in the record are wrong"},
)
_OVERRIDE_SYSTEM = "https://pretese.invalid/override-reasons"
_RULES = "https://pretese.invalid/rules"
_DOI = re.compile(r"10\.[0-9]{4,9}/[^\s;]+")

#: Finding to its first LOINC code.
LOINC_OF = {name: code for code, name in reversed(FINDINGS.items())}

#: Actions of regimens that are ordered as services.
SERVICES_BY_ACTION = {
    "micro-tese": "Microdissection testicular sperm extraction (micro-TESE)",
    "repeat-semen": "Semen analysis",
}


def cards_of(decision: Decision, patient: str) -> list[dict[str, Any]]:
    """Return the cards of a decision, the most urgent first.

    Parameters
    ----------
    patient
        Id of the patient in the record, for draft orders and for stable UUIDs of cards.
    """
    document = decision.to_dict()
    holds = [hold_card(flag, document, patient) for flag in document["flags"]["raised"]]
    main = _main(document, patient)
    return [*holds, with_suggestions(main, [] if holds else main.pop("suggestions"))]


def with_suggestions(card: Mapping[str, Any], suggestions: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a card with suggestions and their selection behaviour, omitted if there are none."""
    plain = {key: value for key, value in card.items() if key != "suggestions"}
    chosen = {"suggestions": suggestions, "selectionBehavior": "any"} if suggestions else {}
    return {**plain, **chosen}


def problem_card(problems: list[str]) -> dict[str, Any]:
    """Return the card with the reason why there is no decision."""
    detail = "\n".join(f"* {_plain(each)}" for each in problems)
    return card_of("The record does not allow a decision", detail, "warning", "problem", detail)


def hold_card(flag: Mapping[str, Any], document: Mapping[str, Any], patient: str) -> dict[str, Any]:
    """Return the card of a safety finding."""
    detail = f"{_plain(flag['rationale'])}\n\n{_plain(flag['found'])}\n\n{BANNER}"
    indicator = "critical" if flag["severity"] == "critical" else "warning"
    key = f"{patient} {document['as_of']} {flag['rule_id']}"
    return {**card_of(flag["text"], detail, indicator, key, detail), "source": source_of(document)}


def _main(document: Mapping[str, Any], patient: str) -> dict[str, Any]:
    last = document["decisions"][-1]
    lines = [_plain(last["rationale"]), *_inputs(last), *_change(last), BANNER]
    urgent = document["outcome"] in ("insufficient data", "hold", "out of scope")
    indicator = "warning" if urgent else "info"
    summary = f"{document['outcome'].capitalize()}: {document['recommendation']}"
    key = f"{patient} {document['as_of']} {last['rule_id']} {document['regimen']['sha256']}"
    raised = [flag["rule_id"] for flag in document["flags"]["raised"]]
    card = card_of(summary, "\n\n".join(lines), indicator, key, f"{last['inputs']} {raised}")
    drafts = [medication_draft(order, patient, key) for order in last["orders"]]
    drafts += service_drafts(last, patient, key)
    return {**card, "source": source_of(document), "suggestions": drafts}


def _inputs(last: Mapping[str, Any]) -> list[str]:
    rows = [
        f"* {_plain(each['label'])}: {_value(each)}"
        for each in last["inputs"]
        if each["value"] is not None
    ]
    missing = [f"* needed: {_plain(name)}" for name in last["missing_inputs"]]
    return ["\n".join(rows + missing)] if rows or missing else []


def _value(each: Mapping[str, Any]) -> str:
    value = f"{each['value']:g}" if isinstance(each["value"], float) else str(each["value"])
    date = f" ({each['date']})" if each["date"] else ""
    return _plain(f"{value} {each['unit'] or ''}".strip() + date)


def _change(last: Mapping[str, Any]) -> list[str]:
    change = last["nearest_change"]
    if not change:
        return []
    result = change["action"] or change["outcome"]
    return [f"Another recommendation follows with {change['input']} {change['to']}: {result}."]


def medication_draft(order: Mapping[str, Any], patient: str, key: str) -> dict[str, Any]:
    """Return a suggestion with a draft order of a dose, to be accepted, changed or declined."""
    dosage = dosage_of(order)
    resource = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "proposal",
        "medicationCodeableConcept": {"text": order["drug"]},
        "subject": {"reference": f"Patient/{patient}"},
        "dosageInstruction": [dosage],
    }
    return suggestion(f"Draft: {order['drug']} {dosage['text']}", resource, key)


def service_drafts(last: Mapping[str, Any], patient: str, key: str) -> list[dict[str, Any]]:
    """Return draft orders of tests with missing results, or of the recommended surgery."""
    wanted = [(name, LOINC_OF[name]) for name in map(analyte_name, last["missing_inputs"])
              if name in LOINC_OF]  # fmt: skip
    found = [
        (f"Draft: measure {name}", {"coding": [{"system": LOINC, "code": code}], "text": name})
        for name, code in dict.fromkeys(wanted)
    ]
    if last["action"] in SERVICES_BY_ACTION:
        words = SERVICES_BY_ACTION[last["action"]]
        found.append((f"Draft: {words}", {"text": words}))
    return [suggestion(label, _service_request(code, patient), key) for label, code in found]


def suggestion(label: str, resource: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return a suggestion that creates one resource."""
    action = {"type": "create", "description": label, "resource": resource}
    return {"label": label, "uuid": name_of(f"{key} {label}"), "actions": [action]}


def _service_request(code: Mapping[str, Any], patient: str) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "code": dict(code),
        "subject": {"reference": f"Patient/{patient}"},
    }


def card_of(summary: str, detail: str, indicator: str, key: str, content: str) -> dict[str, Any]:
    """Return a card without suggestions; its UUID is derived from ``key`` and ``content``."""
    short = summary if len(summary) < SUMMARY else summary[: SUMMARY - 2].rstrip() + "…"
    return {
        "uuid": name_of(f"{key} {content}"),
        "summary": short,
        "detail": detail,
        "indicator": indicator,
        "source": {"label": "pretese (research software)"},
        "overrideReasons": [{**each, "system": _OVERRIDE_SYSTEM} for each in OVERRIDES],
    }


def source_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the source of a card: regimen, version, rule, and publication if any."""
    regimen = document["regimen"]
    last = document["decisions"][-1]
    label = f"{regimen['id']} {regimen['version']} (research software), rule {last['rule_id']}"
    doi = _DOI.search(last["citation"] or "")
    address = {"url": f"https://doi.org/{doi.group(0).rstrip('.;,')}"} if doi else {}
    topic = {"system": _RULES, "code": f"{last['table']}.{last['rule_id']}",
             "display": last["question"]}  # fmt: skip
    return {"label": label[:SUMMARY], **address, "topic": topic}


def name_of(text: str) -> str:
    """Return a UUID derived from content, so that equal cards have equal UUIDs."""
    return str(uuid.uuid5(SPACE, text))


def _plain(text: str) -> str:
    """Return text with Markdown and HTML escaped."""
    from pretese.io.text.markup import markdown_text

    return markdown_text(text)
