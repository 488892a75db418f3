"""Export of a cohort: every column with its unit and UCUM code."""
