"""`pretese serve`: pages for the bedside, trials and simulated cohorts, and a CDS Hooks service."""
