"""A regimen as data: its language, the proof that its tables are complete, and its paths."""
