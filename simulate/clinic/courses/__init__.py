"""The potential course of each patient, simulated before any decision of the clinic."""
