"""Published evidence: studies as data, selected, pooled, and turned into a prior."""
