"""Planned and running trials: a design file, thousands of simulated trials, their report.

Here the patients of `simulate` meet the analyses of `estimate` for a trial.
"""
