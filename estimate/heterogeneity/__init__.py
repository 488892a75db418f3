"""Effects by subgroup, and interaction on the additive and multiplicative scales."""
