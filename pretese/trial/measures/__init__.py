"""Performance of simulated trials: power, errors, bias and sample size, each with its error."""
