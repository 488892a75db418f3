"""The analysis plan: its file, its methods, and its application to one table."""
