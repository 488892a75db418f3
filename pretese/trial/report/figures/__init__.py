"""Figures of the report of a power study."""
