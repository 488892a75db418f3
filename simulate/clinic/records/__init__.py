"""Records of the clinic as of a given day: tables and event logs."""
