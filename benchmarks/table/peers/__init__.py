"""The same tasks in other programs, each measured in a separate process."""
