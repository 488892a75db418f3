"""Recovery studies: cases, analysis plans, expected verdicts."""
