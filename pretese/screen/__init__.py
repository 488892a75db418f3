"""Terminal output: safe text, consoles, progress."""
