"""FHIR R4: codes, patients as resources and back, and regimens as definitions."""
