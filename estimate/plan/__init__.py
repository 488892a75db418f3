"""The analysis plan: its file, its methods, and carrying it out on one table."""
