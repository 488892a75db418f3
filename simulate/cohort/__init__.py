"""Cohorts: spermatogenesis, sperm retrieval, laboratory and births, for both potential outcomes."""
