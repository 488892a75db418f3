"""Who the patients are: Table 1."""
