"""A patient file as FHIR and back: the same decision and the same content."""

import datetime as dt

import pytest

import pretese
from pretese.web.fhir.patient_bundle import patient_bundle, patient_file_of
from protocol.errors import InputError

FILE = {
    "patient": "P-017",
    "started": dt.date(2022, 3, 1),
    "phases": ["hcg", "unknown"],
    "pauses": [{"first": dt.date(2022, 3, 10), "last": dt.date(2022, 3, 14)}],
    "earlier_courses": 1,
    "couple_ready": "yes",
    "entry": {"azoospermic_samples": 2, "karyotype": "normal"},
    "measurements": [
        {"name": "fsh", "date": dt.date(2022, 4, 5), "value": 9.8, "unit": "[IU]/L",
         "reported": dt.date(2022, 4, 6), "assay": "Elecsys"},
        {"name": "lh", "date": dt.date(2022, 4, 5), "value": "<0.3", "unit": "m[IU]/mL"},
        {"name": "testosterone", "date": dt.date(2022, 4, 5), "value": 4.2, "unit": "ng/mL"},
        {"name": "hematocrit", "date": dt.date(2022, 4, 5), "value": 44, "unit": "%"},
        {"name": "semen", "date": dt.date(2022, 7, 1), "value": "no sperm"},
    ],
}  # fmt: skip


def test_a_file_survives_conversion_to_a_bundle_and_back():
    bundle = patient_bundle(FILE)
    again = patient_file_of(bundle, pretese.regimen(), dt.date(2022, 4, 6))
    assert again == FILE


def test_the_decision_is_the_same_on_both_sides():
    guided = pretese.regimen()
    for day in (dt.date(2022, 4, 4), dt.date(2022, 4, 6), dt.date(2022, 7, 2)):
        again = patient_file_of(patient_bundle(FILE), guided, day)
        ours, theirs = (guided.decide(each, decision_date=day).to_dict() for each in (FILE, again))
        assert ours == theirs


def test_units_of_files_become_ucum_codes():
    one = {"name": "fsh", "date": dt.date(2022, 4, 5), "value": 9.8, "unit": "mIU/mL"}
    bundle = patient_bundle({"patient": "a", "measurements": [one]})
    quantity = bundle["entry"][1]["resource"]["valueQuantity"]
    assert (quantity["unit"], quantity["code"]) == ("mIU/mL", "m[IU]/mL")


def test_every_resource_is_valid():
    pytest.importorskip("fhir.resources", reason="the library is in the group dev")
    from fhir.resources.R4B import bundle, careplan, observation

    found = patient_bundle(FILE)
    assert bundle.Bundle.model_validate(found).type == "collection"
    kinds = {"Observation": observation.Observation, "CarePlan": careplan.CarePlan}
    for entry in found["entry"][1:]:
        resource = entry["resource"]
        kinds[resource["resourceType"]].model_validate(resource)


def test_reference_ranges_are_not_dropped_silently():
    ranges = [{"analyte": "fsh", "low": 1.5, "high": 12.4, "unit": "IU/L"}]
    with pytest.raises(InputError, match="reference_ranges"):
        patient_bundle({"patient": "a", "reference_ranges": ranges})


def test_files_and_bundles_are_sent_and_fetched(client):
    sent = pretese.regimen()
    file = {k: v for k, v in FILE.items() if k in ("patient", "entry")}
    bundle = client.post("/fhir/$bundle", json=file).json()
    assert client.post("/fhir/$patient-file", json=bundle).json() == file
    assert sent.decide(file, decision_date="2022-03-01")


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("$bundle", b"[]"),
        ("$bundle", b'{"patient": "a", "measurements": 3}'),
        ("$bundle", b"\xff"),
        ("$patient-file", b'{"resourceType": "Patient"}'),
        ("$patient-file", b"{"),
        ("$patient-file?regimen=/etc/passwd", b"{}"),
    ],
)
def test_an_unreadable_bundle_returns_an_operation_outcome(client, address, body):
    answer = client.post(f"/fhir/{address}", content=body)
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"
