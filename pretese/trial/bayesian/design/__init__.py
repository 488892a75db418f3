"""The design file of a Bayesian trial, its priors and its rules."""
