"""Causal estimators: propensity, weighting, matching, g-computation, doubly robust, sensitivity."""
