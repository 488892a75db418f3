"""METHODS, the one registry of analysis methods, and what methods of one analysis share."""
