"""Validation of an installed program: its results against reference values of other programs."""
