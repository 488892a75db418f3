"""The page of simulated cohorts: form, results, figures, downloads."""
