"""Computations of a recovery study: data, methods, true effects, tasks."""
