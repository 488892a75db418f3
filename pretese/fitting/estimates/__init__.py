"""Numbers of a scenario, estimated from a table of patients."""
