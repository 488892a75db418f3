"""Patients before therapy: baseline values, therapy choice, adherence, and what is recorded."""
