"""Values, dates and administered drugs in FHIR R4 resources, for the patient file."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from pretese.web.fhir.codes import (
    DRUG_WORDS,
    ENTRY_FACTS,
    FINDINGS,
    INPUTS,
    LOINC,
    OTHER_FINDINGS,
)
from protocol.errors import Fault, InputError
from protocol.regimen.rules import Regimen

#: Statuses of a resource whose value is used.
FINAL = ("final", "amended", "corrected")

#: Days of a month of therapy.
MONTH_DAYS = 30

Resource = Mapping[str, Any]


def resources_of(bundle: Any, kind: str) -> list[Resource]:
    """Return the resources of one type in a searchset bundle, or a single one; none for null."""
    if not isinstance(bundle, Mapping):
        return []
    if bundle.get("resourceType") == kind:
        return [bundle]
    found = [each.get("resource") for each in mappings(bundle.get("entry"))]
    return [r for r in found if isinstance(r, Mapping) and r.get("resourceType") == kind]


def measurements_of(observations: Iterable[Resource]) -> list[dict[str, Any]]:
    """Return observations as measurements of a patient file.

    Only observations with a known code, a final status, a date and a value are used: a quantity
    under a LOINC code, a quantity or a text under the code of an input. ``<0.3`` is a value below
    the limit of detection. Units must be UCUM codes or texts that the regimen converts; others are
    refused.
    """
    found = []
    for each in observations:
        name = _finding(each.get("code"), OTHER_FINDINGS)
        date = day_of_fhir(each.get("effectiveDateTime") or each.get("effectiveInstant"))
        value = _value(each)
        if name is None or each.get("status") not in FINAL or date is None or value is None:
            continue
        issued = day_of_fhir(each.get("issued"))
        assay = each["method"].get("text") if isinstance(each.get("method"), Mapping) else None
        more = {"reported": issued if issued != date else None, "assay": assay}
        given = {key: part for key, part in more.items() if part is not None}
        found.append({"name": name, "date": date, **value, **given})
    return found


def entry_facts_of(observations: Iterable[Resource]) -> dict[str, Any]:
    """Return facts of the entry criteria by name of the input, the latest of each."""
    facts: dict[str, tuple[str, Any]] = {}
    for each in observations:
        name = _finding(each.get("code"), ENTRY_FACTS)
        value = _value(each)
        if name not in ENTRY_FACTS or each.get("status") not in FINAL or value is None:
            continue
        date = str(each.get("effectiveDateTime") or "")
        if name not in facts or date >= facts[name][0]:
            facts[name] = date, value["value"]
    return {name: value for name, (_, value) in facts.items()}


def _finding(concept: Any, own: tuple[str, ...]) -> str | None:
    """Return the finding of a code, including inputs of the regimen in ``also``."""
    by_loinc = (FINDINGS[code] for code in _codes(concept, LOINC) if code in FINDINGS)
    by_input = (code for code in _codes(concept, INPUTS) if code in own)
    return next(by_loinc, None) or next(by_input, None)


def _value(observation: Resource) -> dict[str, Any] | None:
    """Return value and unit of an observation; None if it has no usable value."""
    word = observation.get("valueString")
    if isinstance(word, str) and word:
        return {"value": word}
    quantity = observation.get("valueQuantity")
    if not isinstance(quantity, Mapping):
        return None
    value, comparator = quantity.get("value"), quantity.get("comparator")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or comparator not in (None, "<", ">"):
        return None
    unit = str(quantity.get("code") or quantity.get("unit") or "")
    shown = f"{comparator}{value:g}" if comparator else value
    return {"value": shown, "unit": unit}


def injections_of(administrations: Iterable[Resource]) -> list[tuple[dt.date, str]]:
    """Return date and drug of every administration of a drug of the regimens."""
    found = []
    for each in administrations:
        if each.get("status") not in ("completed", "in-progress"):
            continue
        period = each.get("effectivePeriod")
        start = period.get("start") if isinstance(period, Mapping) else None
        date = day_of_fhir(each.get("effectiveDateTime") or start)
        drug = drug_of(each.get("medicationCodeableConcept"))
        if date is not None and drug is not None:
            found.append((date, drug))
    return sorted(found)


def phases_given(
    injections: list[tuple[dt.date, str]], regimen: Regimen, today: dt.date
) -> tuple[dt.date | None, list[str]]:
    """Return day 0, and the phase of each completed month from the drugs administered.

    Raises
    ------
    InputError
        The drugs of a month do not match a phase of the regimen; phases must be entered by hand.
    """
    if not injections:
        return None, []
    start = injections[0][0]
    months = max(0, (today - start).days // MONTH_DAYS)
    by_drugs = {
        frozenset(order.drug for order in phase.orders): phase.name for phase in regimen.phases
    }
    phases, faults = [], []
    for month in range(months):
        first = start + dt.timedelta(days=MONTH_DAYS * month)
        last = first + dt.timedelta(days=MONTH_DAYS)
        drugs = frozenset(drug for date, drug in injections if first <= date < last)
        phase = by_drugs.get(drugs)
        if phase is None:
            words = " and ".join(sorted(drugs)) or "no drug"
            problem = f"month {month + 1}: {words} was given, which is not a phase of the regimen"
            faults.append(Fault("record", "administrations", problem, "enter the phases by hand"))
        phases.append(phase or "")
    if faults:
        raise InputError(faults)
    return start, phases


def day_of_fhir(text: Any) -> dt.date | None:
    """Return the date of a FHIR dateTime; None for a year or a month without a day.

    >>> day_of_fhir("2022-03-31T08:30:00+02:00"), day_of_fhir("2022-03")
    (datetime.date(2022, 3, 31), None)
    """
    if not isinstance(text, str) or len(text) < 10:
        return None
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list; none for any other value."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _codes(concept: Any, system: str) -> list[str]:
    if not isinstance(concept, Mapping):
        return []
    codings = mappings(concept.get("coding"))
    return [str(c.get("code")) for c in codings if c.get("system") == system]


def drug_of(concept: Any) -> str | None:
    """Return the drug of a medication, by its text or displays."""
    if not isinstance(concept, Mapping):
        return None
    codings = mappings(concept.get("coding"))
    words = [str(concept.get("text") or "")]
    words += [f"{c.get('display') or ''} {c.get('code') or ''}" for c in codings]
    text = " ".join(words).lower()
    return next((drug for drug, names in DRUG_WORDS.items() if any(n in text for n in names)), None)
