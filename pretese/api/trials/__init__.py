"""Planned trials: power, boundaries, interim analyses."""
