"""Bayesian trials with a binary endpoint: priors, posteriors, decision rules, exact error rates."""
