"""Pages about protocols: the bedside, each regimen, and the audit of a log."""
