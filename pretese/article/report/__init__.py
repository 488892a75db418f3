"""Published and simulated numbers compared: table, console view, report and figures."""
