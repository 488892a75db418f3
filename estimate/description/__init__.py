"""Table 1: description of the patients."""
