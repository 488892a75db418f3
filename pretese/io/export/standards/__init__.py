"""A cohort as clinical data standards have it: CDISC, REDCap, HL7 FHIR, OMOP."""
