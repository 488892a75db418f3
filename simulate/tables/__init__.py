"""Tables as exported by a clinic: tidy tables, their columns, and labelled data errors."""
