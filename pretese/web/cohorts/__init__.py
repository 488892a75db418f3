"""The page of simulated cohorts: question, what came of it, pictures, downloads."""
