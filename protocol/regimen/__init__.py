"""A regimen as data: the file format, the proof that its tables are complete, and its paths."""
