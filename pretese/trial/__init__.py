"""Planned and ongoing trials: design file, simulation, power, report, monitoring.

Trials use the patients of `simulate` and the analyses of `estimate`.
"""
