"""Estimates of a population from a table of patients: distributions, dependence, missing values."""
