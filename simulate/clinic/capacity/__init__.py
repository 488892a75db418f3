"""Waiting times, utilisation, replicates, and the capacity that meets a goal."""
