"""Discrete-event simulation of a clinic: calendar, queues and event log of a cohort (SimPy).

``setup`` reads the clinic file; ``courses`` simulates the potential course of each patient;
``flow`` runs patients through calendar, queues and theatre; ``records`` writes the tables and event
logs recorded by a given day; ``capacity`` measures waiting times and utilisation over replicates,
and finds the capacity that meets a goal.
"""
