"""Pitfalls of analysing the article's design, each shown on patients whose true effect is known."""
