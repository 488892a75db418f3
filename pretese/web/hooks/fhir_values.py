"""From FHIR R4 resources to the patient file of the regimen: values, dates, drugs given."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from pretese.web.hooks.codes import DRUG_WORDS, FINDINGS, LOINC
from protocol.errors import Fault, InputError
from protocol.regimen.rules import Regimen

#: States of a resource whose value counts.
FINAL = ("final", "amended", "corrected")

#: Days of a month of therapy.
MONTH_DAYS = 30

Resource = Mapping[str, Any]


def resources_of(bundle: Any, kind: str) -> list[Resource]:
    """Return the resources of one kind in a searchset bundle; a lone resource is one, null none."""
    if not isinstance(bundle, Mapping):
        return []
    if bundle.get("resourceType") == kind:
        return [bundle]
    found = [each.get("resource") for each in _mappings(bundle.get("entry"))]
    return [r for r in found if isinstance(r, Mapping) and r.get("resourceType") == kind]


def measurements_of(observations: Iterable[Resource]) -> list[dict[str, Any]]:
    """Return observations as measurements of a patient file.

    Only those with a known LOINC code, a final status, a date and a quantity count. Units must be
    UCUM codes or texts that the regimen knows; they are converted there, or refused.
    """
    found = []
    for each in observations:
        name = next((FINDINGS[c] for c in _codes(each.get("code"), LOINC) if c in FINDINGS), None)
        quantity = each.get("valueQuantity")
        date = day_of_fhir(each.get("effectiveDateTime") or each.get("effectiveInstant"))
        if name is None or each.get("status") not in FINAL or not isinstance(quantity, Mapping):
            continue
        value = quantity.get("value")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if date is None or not number or quantity.get("comparator"):
            continue
        unit = str(quantity.get("code") or quantity.get("unit") or "")
        found.append({"name": name, "value": value, "unit": unit, "date": date})
    return found


def injections_of(administrations: Iterable[Resource]) -> list[tuple[dt.date, str]]:
    """Return date and drug of every administration of a drug that regimens know."""
    found = []
    for each in administrations:
        if each.get("status") not in ("completed", "in-progress"):
            continue
        period = each.get("effectivePeriod")
        start = period.get("start") if isinstance(period, Mapping) else None
        date = day_of_fhir(each.get("effectiveDateTime") or start)
        drug = _drug(each.get("medicationCodeableConcept"))
        if date is not None and drug is not None:
            found.append((date, drug))
    return sorted(found)


def phases_given(
    injections: list[tuple[dt.date, str]], regimen: Regimen, today: dt.date
) -> tuple[dt.date | None, list[str]]:
    """Return day 0, and the phase of each month that has ended, from the drugs given in it.

    Raises
    ------
    InputError
        The drugs of a month are those of no phase of the regimen: a person must say what was done.
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
    """Return the date of a FHIR dateTime; None for a year or a month alone.

    >>> day_of_fhir("2022-03-31T08:30:00+02:00"), day_of_fhir("2022-03")
    (datetime.date(2022, 3, 31), None)
    """
    if not isinstance(text, str) or len(text) < 10:
        return None
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list; whatever else was sent is nothing."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _codes(concept: Any, system: str) -> list[str]:
    if not isinstance(concept, Mapping):
        return []
    codings = _mappings(concept.get("coding"))
    return [str(c.get("code")) for c in codings if c.get("system") == system]


def _drug(concept: Any) -> str | None:
    """Return the drug of a regimen that a medication names, by its text or its displays."""
    if not isinstance(concept, Mapping):
        return None
    codings = _mappings(concept.get("coding"))
    words = [str(concept.get("text") or "")]
    words += [f"{c.get('display') or ''} {c.get('code') or ''}" for c in codings]
    text = " ".join(words).lower()
    return next((drug for drug, names in DRUG_WORDS.items() if any(n in text for n in names)), None)
