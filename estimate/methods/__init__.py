"""METHODS, the registry of analysis methods, and the computations that they share."""
