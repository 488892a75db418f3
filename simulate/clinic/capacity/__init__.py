"""Waiting times, utilisation, replications, and the capacity that meets a goal."""
