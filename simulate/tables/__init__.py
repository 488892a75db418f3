"""What a clinic would export: tidy tables, their columns, and labelled data errors."""
