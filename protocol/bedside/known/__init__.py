"""The results of one patient by the date on which they were known, and the rule that fires."""
