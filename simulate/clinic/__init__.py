"""The clinic: the same men, one by one, with calendar, queues and a log (SimPy)."""
