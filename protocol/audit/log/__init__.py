"""A clinic's log: rows, vocabulary, and the events that they represent."""
