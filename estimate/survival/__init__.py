"""Cumulative live birth over embryo transfers: curves, tests and hazard models."""
