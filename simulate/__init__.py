"""Simulated patients: a scenario in, a cohort and its true effects out."""
