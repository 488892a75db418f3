"""What the whole simulator shares: random streams, codes and names, shipped files."""
