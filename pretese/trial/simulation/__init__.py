"""Simulated trials: interim analyses, re-estimation, claims, results."""
