"""Performance of an estimator over replicates, with Monte Carlo standard errors (ADEMP)."""
