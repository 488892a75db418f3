"""Estimation from a table of patients, real or simulated."""
