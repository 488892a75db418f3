"""FHIR R4: codes, conversion of patient files to and from resources, regimens as definitions."""
