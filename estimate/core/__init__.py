"""Arrays, columns, the analysis set, design matrices, estimands and results."""
