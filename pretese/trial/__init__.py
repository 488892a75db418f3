"""Planned and ongoing trials: design file, simulation, power, report, monitoring.

Here the patients of `simulate` meet the analyses of `estimate` for a trial.
"""
