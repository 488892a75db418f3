"""Three treatments and more: generalised propensity score, comparisons with a reference."""
