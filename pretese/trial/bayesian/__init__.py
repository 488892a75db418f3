"""Bayesian trials of two arms: decisions by posterior and predictive probabilities."""
