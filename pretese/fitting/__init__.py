"""Fit a scenario to a clinic's own table of patients, and compare both."""
