"""Prediction models of others, validated in a table: discrimination, calibration, usefulness."""
