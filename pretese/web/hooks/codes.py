"""Codes by which laboratory values and drugs are found in FHIR resources."""

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"

#: LOINC code to the finding of a patient file that it measures.
FINDINGS = {
    "15067-2": "fsh",
    "10501-5": "lh",
    "2986-8": "testosterone",
    "2243-4": "estradiol",
    "2842-3": "prolactin",
    "4544-3": "hematocrit",
    "20570-8": "hematocrit",
}

#: Words in the name or code of a medication to the drug of a regimen.
DRUG_WORDS = {
    "hcg": ("chorionic gonadotropin", "choriogonadotropin", "choriongonadotropin", "hcg"),
    "ufsh": ("urofollitropin", "ufsh", "urinary fsh"),
}


def observation_query(finding: str) -> str:
    """Return the FHIR search for the values of a finding, the latest first.

    >>> observation_query("fsh")
    'Observation?patient={{context.patientId}}&code=http://loinc.org|15067-2&_sort=-date&_count=50'
    """
    codes = ",".join(f"{LOINC}|{code}" for code, name in FINDINGS.items() if name == finding)
    patient = "patient={{context.patientId}}"
    return f"Observation?{patient}&code={codes}&_sort=-date&_count=50"


#: What the service asks the record to send along, by key.
PREFETCH = {
    "patient": "Patient/{{context.patientId}}",
    **{finding: observation_query(finding) for finding in dict.fromkeys(FINDINGS.values())},
    "administrations": (
        "MedicationAdministration?patient={{context.patientId}}&_sort=-effective-time&_count=500"
    ),
}

#: Without these there is no decision; the others may be absent.
REQUIRED = ("patient", "fsh", "administrations")
