"""One patient: what is known, what the regimen recommends, and when."""
