"""Power over an ensemble of parameter sets: what the published numbers leave open of a trial."""
