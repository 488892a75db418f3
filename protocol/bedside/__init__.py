"""One patient: the known results, and the dated recommendations of the regimen."""
