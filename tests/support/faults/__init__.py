"""Faults that tests inject: into tables, and into the disk under every command that writes."""
