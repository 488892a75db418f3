"""Tasks of processes that tests start and interrupt."""
