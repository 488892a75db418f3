"""Console tables of a power study, and the format of its numbers."""
