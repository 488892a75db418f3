"""A group-sequential design by itself: its choice, its numbers, its console page and its figure."""
