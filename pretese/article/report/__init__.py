"""Published and simulated numbers side by side: table, console view, page and figures."""
