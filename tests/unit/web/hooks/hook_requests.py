"""Requests of CDS Hooks as tests send them: a month of hCG, results, draft orders."""

import datetime as dt

DAY_0 = dt.date(2022, 3, 1)
DAY_30 = dt.date(2022, 3, 31)


def observation(code, value, unit, date="2022-03-31", **more):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "effectiveDateTime": date,
        "valueQuantity": {"value": value, "unit": unit, "code": unit},
        **more,
    }


def administration(date, name="Chorionic gonadotropin 2000 IU", **more):
    return {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "medicationCodeableConcept": {"text": name},
        "effectiveDateTime": date.isoformat(),
        **more,
    }


def bundle(*resources):
    return {"resourceType": "Bundle", "entry": [{"resource": each} for each in resources]}


def medication_order(drug, dose, days, **more):
    quantity = {"value": dose, "unit": "IU", "code": "[IU]"}
    repeat = {"frequency": 1, "period": days, "periodUnit": "d"}
    dosage = {"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": quantity}]}
    return {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {"text": drug},
        "dosageInstruction": [dosage],
        **more,
    }


def month_of_hcg():
    return [administration(DAY_0 + dt.timedelta(days=2 * i)) for i in range(15)]


def prefetch(fsh=9.0, unit="m[IU]/mL", **more):
    values = {"fsh": bundle() if fsh is None else bundle(observation("15067-2", fsh, unit))}
    person = {"resourceType": "Patient"}
    return {"patient": person, "administrations": bundle(*month_of_hcg()), **values, **more}


def request(data, hook="patient-view", orders=()):
    drafts = {"draftOrders": bundle(*orders)} if hook == "order-sign" else {}
    return {"hook": hook, "hookInstance": "0f6f4f0e-6a0f-4b0e-9a53-0c1d2e3f4a5b", "prefetch": data,
            "context": {"patientId": "p1", "userId": "Practitioner/7", **drafts}}  # fmt: skip
