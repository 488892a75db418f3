"""Shared parts of the simulator: random streams, codes and names, shipped files."""
