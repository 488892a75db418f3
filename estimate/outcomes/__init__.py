"""Outcomes other than 0/1: measurements, counts, times to an event, ordered classes."""
