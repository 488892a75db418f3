"""A cohort in clinical data standards: CDISC, REDCap, HL7 FHIR, OMOP."""
