"""Trials of several treatments against one control: planned, simulated, reported."""
