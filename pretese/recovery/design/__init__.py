"""What a recovery study asks: cases, plans, expected findings."""
