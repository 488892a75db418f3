"""The men: a scenario in, a cohort and its truth out."""
