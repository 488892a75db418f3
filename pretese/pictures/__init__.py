"""Figures of simulated patients and cohorts."""
