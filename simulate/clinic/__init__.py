"""The clinic: the same patients, one by one, with calendar, queues and an event log (SimPy).

``setup`` reads the clinic file; ``courses`` draws the potential course of each patient; ``flow``
lets patients pass through calendar, queues and theatre; ``records`` writes tables and event logs of
what is recorded by a given day; ``capacity`` measures waits and use over replicates, and finds
the capacity that meets a goal.
"""
