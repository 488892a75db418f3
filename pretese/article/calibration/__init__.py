"""Calibration: solve a scenario's parameters so that published numbers come out on average."""
