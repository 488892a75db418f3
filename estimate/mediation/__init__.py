"""Causal mediation analysis and its sensitivity to unmeasured confounding."""
