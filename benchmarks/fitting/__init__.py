"""Coverage of the intervals of a fitted scenario."""
