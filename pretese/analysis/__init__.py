"""The report of an analysis: tables and figures."""
