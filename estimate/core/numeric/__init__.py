"""Numerical methods: roots, mixtures of normal distributions."""
