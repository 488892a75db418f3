"""Regression models batched over replicates: logistic, Firth, Poisson, splines, mixed."""
