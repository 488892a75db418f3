"""Hormones under therapy: injections, concentrations, the monthly decision, and serum values."""
