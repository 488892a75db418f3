"""A clinic's log: its rows, its words, and the events that they stand for."""
