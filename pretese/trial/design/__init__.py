"""The design file of a planned trial."""
