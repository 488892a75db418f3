"""Simulated studies: every published statistic, and the true effects."""
