"""`pretese serve`: pages for the bedside and for trial planning, and a CDS Hooks service."""
