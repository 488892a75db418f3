"""Multi-valued treatment: generalised propensity score, comparisons with a reference."""
