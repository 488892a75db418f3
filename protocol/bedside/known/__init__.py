"""What was known of one patient when, and the rule that fires for it."""
