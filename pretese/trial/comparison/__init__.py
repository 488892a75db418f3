"""Analyses of the arms of simulated trials: models with covariates, times, sites, imputation."""
