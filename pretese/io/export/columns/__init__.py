"""Columns of exported tables: type, unit and meaning; the time stamp of files."""
