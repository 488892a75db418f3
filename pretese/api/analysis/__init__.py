"""Analysis plans, estimates, and studies of whether an analysis recovers a known effect."""
