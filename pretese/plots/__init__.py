"""Figures: the same picture, byte for byte, from the same numbers."""
