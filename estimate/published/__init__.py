"""Quantities implied by printed results."""
