"""Three or more treatments: generalised propensity score, comparisons with a reference."""
