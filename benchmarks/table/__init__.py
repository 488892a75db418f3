"""The table of `make bench`: each task before and now, its best peer, and its minimum time."""
