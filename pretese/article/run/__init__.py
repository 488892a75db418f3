"""A whole reproduction: simulated, compared, and written as a folder."""
