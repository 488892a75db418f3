"""Numerical methods that know nothing of statistics."""
