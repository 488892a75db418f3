"""Pitfalls of analysing the article's design, each shown on men whose truth is known."""
