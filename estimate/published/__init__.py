"""What follows from printed results alone."""
