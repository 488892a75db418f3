"""A decision as CDS Hooks cards: holds first, and never a drug suggested beside a hold."""

import uuid
from collections.abc import Mapping
from typing import Any

from pretese.api.protocols.decisions import Decision
from pretese.web.hooks.codes import UCUM

#: Characters of a summary that CDS Hooks allows.
SUMMARY = 140

#: Names of cards and suggestions are derived from this one and from what they say.
SPACE = uuid.UUID("5f0d6f1a-6a2f-5c1e-9d35-1f4f4a3c7b10")

BANNER = "Research software: not a medical device, and no recommendation for a real patient."

#: Reasons for which a person may set a card aside.
OVERRIDES = (
    {"code": "clinical-judgement", "display": "Clinical judgement"},
    {"code": "patient-preference", "display": "The patient prefers otherwise"},
    {"code": "not-on-this-regimen", "display": "The patient is not treated by this regimen"},
    {"code": "data-wrong", "display": "The values in the record are wrong"},
)
_OVERRIDE_SYSTEM = "https://pretese.invalid/override-reasons"


def cards_of(decision: Decision, patient: str) -> list[dict[str, Any]]:
    """Return the cards for a decision, the most urgent first.

    Parameters
    ----------
    patient
        The record's id of the patient, for drafts of orders and for stable names of cards.
    """
    document = decision.to_dict()
    holds = [_hold(flag, document, patient) for flag in document["flags"]["raised"]]
    main = _main(document, patient)
    if main["suggestions"] and (holds or document["outcome"] != "recommendation"):
        main["suggestions"] = []
    if not main["suggestions"]:
        del main["suggestions"]
    else:
        main["selectionBehavior"] = "any"
    return [*holds, main]


def problem_card(problems: list[str]) -> dict[str, Any]:
    """Return the card that says why there is no decision."""
    detail = "\n".join(f"* {_plain(each)}" for each in problems)
    return _card("The record does not allow a decision", detail, "warning", "problem", detail)


def _hold(flag: Mapping[str, Any], document: Mapping[str, Any], patient: str) -> dict[str, Any]:
    detail = f"{_plain(flag['rationale'])}\n\n{_plain(flag['found'])}\n\n{BANNER}"
    indicator = "critical" if flag["severity"] == "critical" else "warning"
    key = f"{patient} {document['as_of']} {flag['rule_id']}"
    return {**_card(flag["text"], detail, indicator, key, detail), "source": _source(document)}


def _main(document: Mapping[str, Any], patient: str) -> dict[str, Any]:
    last = document["decisions"][-1]
    lines = [_plain(last["rationale"]), *_inputs(last), *_change(last), BANNER]
    urgent = document["outcome"] in ("insufficient data", "hold", "out of scope")
    indicator = "warning" if urgent else "info"
    summary = f"{document['outcome'].capitalize()}: {document['recommendation']}"
    key = f"{patient} {document['as_of']} {last['rule_id']} {document['regimen']['sha256']}"
    card = _card(summary, "\n\n".join(lines), indicator, key, str(last["inputs"]))
    drafts = [_draft(order, patient, key) for order in last["orders"]]
    return {**card, "source": _source(document), "suggestions": drafts}


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


def _repeat(order: Mapping[str, Any]) -> dict[str, Any]:
    """Return how an order repeats as the timing of FHIR: every few days, or on weekdays."""
    if order["weekdays"]:
        return {"dayOfWeek": list(order["weekdays"])}
    return {"frequency": 1, "period": order["interval_days"], "periodUnit": "d"}


def _draft(order: Mapping[str, Any], patient: str, key: str) -> dict[str, Any]:
    """Return a draft of an order that a person may accept, change or decline."""
    words = f"{order['dose']:g} {order['unit']} {(order['route'] or '').upper()}"
    text = f"{words} {order['every']}"
    code = {"IU": "[IU]"}.get(order["unit"], order["unit"])
    dose = {"value": order["dose"], "unit": order["unit"], "system": UCUM, "code": code}
    timing = {"repeat": _repeat(order)}
    resource = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "proposal",
        "medicationCodeableConcept": {"text": order["drug"]},
        "subject": {"reference": f"Patient/{patient}"},
        "dosageInstruction": [
            {"text": text, "timing": timing, "doseAndRate": [{"doseQuantity": dose}]}
        ],
    }
    label = f"Draft: {order['drug']} {text}"
    return {
        "label": label,
        "uuid": _name(f"{key} {label}"),
        "actions": [{"type": "create", "description": label, "resource": resource}],
    }


def _card(summary: str, detail: str, indicator: str, key: str, content: str) -> dict[str, Any]:
    short = summary if len(summary) < SUMMARY else summary[: SUMMARY - 2].rstrip() + "…"
    return {
        "uuid": _name(f"{key} {content}"),
        "summary": short,
        "detail": detail,
        "indicator": indicator,
        "source": {"label": "pretese (research software)"},
        "overrideReasons": [{**each, "system": _OVERRIDE_SYSTEM} for each in OVERRIDES],
    }


def _source(document: Mapping[str, Any]) -> dict[str, Any]:
    regimen = document["regimen"]
    last = document["decisions"][-1]
    label = f"{regimen['id']} {regimen['version']} (research software), rule {last['rule_id']}"
    return {"label": label[:SUMMARY]}


def _name(text: str) -> str:
    """Return a UUID that follows from what a card says: the same question, the same name."""
    return str(uuid.uuid5(SPACE, text))


def _plain(text: str) -> str:
    """Return text without Markdown or HTML of its own."""
    from pretese.io.text.markup import markdown_text

    return markdown_text(text)
