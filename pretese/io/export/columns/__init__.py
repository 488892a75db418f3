"""Columns of exported tables: kind, unit and meaning, and the time that files state."""
