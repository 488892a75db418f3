"""The same works by other programs, each measured in a process of its own."""
