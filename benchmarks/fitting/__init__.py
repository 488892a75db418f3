"""How often intervals of a fitted scenario hold the numbers that drew the table."""
