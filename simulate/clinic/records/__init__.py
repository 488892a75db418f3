"""What the clinic has recorded by a given day: tables and event logs."""
