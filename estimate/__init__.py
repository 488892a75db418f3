"""Estimates from a table of patients, which may be real or simulated: it cannot know."""
