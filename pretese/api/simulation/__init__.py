"""Scenarios, simulated cohorts, clinics, and the simulation of the article."""
