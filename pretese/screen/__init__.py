"""What a terminal shows: text made safe, consoles, progress."""
