"""The report of a power study."""
