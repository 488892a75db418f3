"""Sensitivity of the power of several arms to assumptions: grids, and one at a time."""
