"""Simulate patients: cohorts with known true effects from a scenario file."""
