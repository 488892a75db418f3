"""Scenarios, simulated cohorts, clinics, and simulated studies of the article."""
