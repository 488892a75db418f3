"""A clinic's table through its map: which column holds what, in our units."""
