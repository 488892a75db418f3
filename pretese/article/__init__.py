"""The published study: its figures as data, its simulation, calibration, bias analysis, report."""
