"""The door: command line, files, reports, and the one place that joins simulation to estimation."""

__version__ = "0.1.0"
