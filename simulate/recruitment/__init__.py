"""Recruitment of a trial: arrival times, sites and randomisation."""
