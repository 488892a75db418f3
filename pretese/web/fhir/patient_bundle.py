"""Conversion of a patient file to and from a FHIR bundle: results, phases, pauses, entry facts."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from pretese.api.protocols.regimens import Regimen
from pretese.web.fhir.codes import FINDINGS, INPUTS, LOINC, UCUM
from pretese.web.fhir.fhir_values import (
    day_of_fhir,
    entry_facts_of,
    injections_of,
    mappings,
    measurements_of,
    phases_given,
    resources_of,
)
from protocol.bedside.patient import PatientFacts
from protocol.bedside.patient_file import patient_from
from protocol.errors import InputError

#: Code of an interruption of therapy in the activities of a care plan.
PAUSE = "pause"

Resource = dict[str, Any]


def patient_bundle(file: Mapping[str, Any]) -> Resource:
    """Convert a patient file to a collection of resources.

    Raises
    ------
    InputError
        The file has faults, or contains reference ranges, which FHIR represents only with a result.
    """
    facts = patient_from(file, "patient")
    if facts.reference_ranges:
        cure = "leave them out; give them to the regimen"
        raise InputError.of("patient", "reference_ranges", "a bundle cannot contain them", cure)
    resources = [
        {"resourceType": "Patient", "id": "patient", "identifier": [{"value": facts.patient}]},
        *_observations(facts),
        *_care_plan(facts),
    ]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": each} for each in resources],
    }


def patient_file_of(bundle: Any, regimen: Regimen, today: dt.date) -> dict[str, Any]:
    """Convert a bundle to a patient file.

    Start and phases are read from a care plan of this program, or derived from the administrations
    of the regimen's drugs.

    Raises
    ------
    InputError
        It is not a bundle, or the drugs of a month do not match a phase.
    """
    if not isinstance(bundle, Mapping) or bundle.get("resourceType") != "Bundle":
        cure = "send a Bundle with Observation, CarePlan or MedicationAdministration"
        raise InputError.of("bundle", "resourceType", "this is not a Bundle", cure)
    observations = resources_of(bundle, "Observation")
    plans = [each for each in resources_of(bundle, "CarePlan") if _is_own(each)]
    given = injections_of(resources_of(bundle, "MedicationAdministration"))
    if plans:
        course = _course_of(plans[-1])
    else:
        start, phases = phases_given(given, regimen.compiled, today)
        course = {"started": start, "phases": phases} if start else {}
    ready = [each for each in observations if "couple_ready" in _own_codes(each.get("code"))]
    file = {
        "patient": _name(bundle),
        **course,
        "couple_ready": ready[-1].get("valueString") if ready else None,
        "measurements": measurements_of(observations),
        "entry": entry_facts_of(observations),
    }
    return {key: value for key, value in file.items() if value not in (None, [], {})}


def _observations(facts: PatientFacts) -> Iterator[Resource]:
    for each in facts.measurements:
        more: Resource = {"effectiveDateTime": each.date.isoformat()}
        if each.reported is not None:
            more["issued"] = f"{each.reported.isoformat()}T00:00:00Z"
        if each.assay is not None:
            more["method"] = {"text": each.assay}
        yield _observation(each.name, each.value, each.unit, more)
    for name, value in facts.entry.items():
        yield _observation(name, value, None, {})
    if facts.couple_ready is not None:
        yield _observation("couple_ready", facts.couple_ready, None, {})


def _observation(name: str, value: float | str, unit: str | None, more: Resource) -> Resource:
    loinc = [code for code, finding in FINDINGS.items() if finding == name][:1]
    coding = [{"system": LOINC, "code": code} for code in loinc]
    coding = coding or [{"system": INPUTS, "code": name}]
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": coding, "text": name},
        "subject": {"reference": "Patient/patient"},
        **more,
        **_stated(value, unit),
    }


def _stated(value: float | str, unit: str | None) -> Resource:
    """Return a value as a quantity or as a text."""
    comparator = value[0] if isinstance(value, str) and value[:1] in ("<", ">") else None
    if isinstance(value, str) and comparator is None:
        return {"valueString": value}
    number = float(value[1:]) if isinstance(value, str) else value
    coded = {"unit": unit, "system": UCUM, "code": ucum_code(unit)} if unit else {}
    below = {"comparator": comparator} if comparator else {}
    return {"valueQuantity": {"value": number, **below, **coded}}


def ucum_code(unit: str) -> str:
    """Return the UCUM code of a unit: international units are written in brackets.

    >>> ucum_code("mIU/mL"), ucum_code("nmol/L"), ucum_code("[IU]/L")
    ('m[IU]/mL', 'nmol/L', '[IU]/L')
    """
    return unit if "[IU]" in unit else unit.replace("IU", "[IU]")


def _care_plan(facts: PatientFacts) -> Iterator[Resource]:
    """Yield the course: months of therapy in order, and pauses."""
    if facts.started is None:
        return
    months = [
        {"detail": {"status": "completed", "code": _own_code(phase),
                    "description": f"Month {number} of therapy"}}
        for number, phase in enumerate(facts.phases, start=1)
    ]  # fmt: skip
    pauses = [
        {"detail": {"status": "on-hold", "code": _own_code(PAUSE),
                    "scheduledPeriod": _period(each.first, each.last)}}
        for each in facts.pauses
    ]  # fmt: skip
    note = [{"text": f"earlier courses: {facts.earlier_courses}"}] if facts.earlier_courses else []
    yield {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "category": [_own_code("therapy")],
        "subject": {"reference": "Patient/patient"},
        "period": _period(facts.started, None),
        **({"activity": months + pauses} if months or pauses else {}),
        **({"note": note} if note else {}),
    }


def _course_of(plan: Mapping[str, Any]) -> dict[str, Any]:
    phases, pauses = [], []
    for each in mappings(plan.get("activity")):
        detail = each.get("detail")
        if not isinstance(detail, Mapping):
            continue
        code = next(iter(_own_codes(detail.get("code"))), None)
        period = detail.get("scheduledPeriod")
        if code == PAUSE and isinstance(period, Mapping):
            ends = {
                "first": day_of_fhir(period.get("start")),
                "last": day_of_fhir(period.get("end")),
            }
            pauses.append({key: day for key, day in ends.items() if day is not None})
        elif code is not None:
            phases.append(code)
    period = plan.get("period")
    start = day_of_fhir(period.get("start")) if isinstance(period, Mapping) else None
    notes = [str(each.get("text")) for each in mappings(plan.get("note"))]
    earlier = [text.removeprefix("earlier courses: ") for text in notes]
    number = next((int(text) for text in earlier if text.isascii() and text.isdecimal()), 0)
    return {"started": start, "phases": phases, "pauses": pauses,
            **({"earlier_courses": number} if number else {})}  # fmt: skip


def _is_own(plan: Mapping[str, Any]) -> bool:
    return any("therapy" in _own_codes(each) for each in mappings(plan.get("category")))


def _own_code(name: str) -> Resource:
    return {"coding": [{"system": INPUTS, "code": name}]}


def _own_codes(concept: Any) -> list[str]:
    coding = mappings(concept.get("coding")) if isinstance(concept, Mapping) else []
    return [str(each.get("code")) for each in coding if each.get("system") == INPUTS]


def _period(first: dt.date, last: dt.date | None) -> Resource:
    return {"start": first.isoformat(), **({"end": last.isoformat()} if last else {})}


def _name(bundle: Mapping[str, Any]) -> str:
    """Return the first identifier of the patient, or an anonymous placeholder."""
    for patient in resources_of(bundle, "Patient"):
        for each in mappings(patient.get("identifier")):
            if isinstance(each.get("value"), str) and each["value"].strip():
                return str(each["value"])
    return "patient"
