"""A clinic's table, read by its map of columns, in our units."""
