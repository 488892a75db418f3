"""Comparisons of arms whose patients are dependent within sites."""
