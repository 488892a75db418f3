"""Scenarios, simulated cohorts, clinics, and the article's simulated twin."""
