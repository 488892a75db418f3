"""Make ensembles of parameter sets that all reproduce the published numbers."""
