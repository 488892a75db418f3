"""A cohort in the formats that others read: every column with its unit and UCUM code."""
