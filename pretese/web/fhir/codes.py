"""Codes of laboratory values and drugs in FHIR resources."""

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"

#: LOINC code to the finding of a patient file.
FINDINGS = {
    "15067-2": "fsh",
    "10501-5": "lh",
    "2986-8": "testosterone",
    "2243-4": "estradiol",
    "2842-3": "prolactin",
    "4544-3": "hematocrit",
    "20570-8": "hematocrit",
}

#: Code system of inputs without a LOINC code of the meaning in the regimen. Its domain is reserved:
#: a site that uses it maps its own codes to the names of the regimen's inputs.
INPUTS = "https://pretese.invalid/inputs"

#: Findings without a LOINC code that a site may send under `INPUTS`.
OTHER_FINDINGS = ("breast_tenderness", "semen", "micro_tese")

#: Facts of the entry criteria, also sent under `INPUTS`.
ENTRY_FACTS = (
    "azoospermic_samples", "centrifuge_g", "centrifuge_minutes", "karyotype", "azf",
    "radio_or_chemotherapy", "hypogonadotropic_hypogonadism",
)  # fmt: skip

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


def input_query(names: tuple[str, ...]) -> str:
    """Return the FHIR search for findings under the system `INPUTS`."""
    codes = ",".join(f"{INPUTS}|{name}" for name in names)
    return f"Observation?patient={{{{context.patientId}}}}&code={codes}&_sort=-date&_count=50"


#: Prefetch queries of the service, by key.
PREFETCH = {
    "patient": "Patient/{{context.patientId}}",
    **{finding: observation_query(finding) for finding in dict.fromkeys(FINDINGS.values())},
    "other": input_query(OTHER_FINDINGS + ENTRY_FACTS),
    "administrations": (
        "MedicationAdministration?patient={{context.patientId}}&_sort=-effective-time&_count=500"
    ),
}

#: Required for a decision; the others may be absent.
REQUIRED = ("patient", "fsh", "administrations")

#: Words in the name of a procedure to the procedure.
SURGERY_WORDS = ("micro-tese", "microtese", "microdissection testicular sperm extraction", "mtese")
