"""Power over an ensemble of parameter sets: the uncertainty that the published numbers leave."""
