"""The published study: its figures as data, its simulated twin, calibration, pitfalls, report."""
