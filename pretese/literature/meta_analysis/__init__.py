"""Subgroups of published studies, pooled counts, and figures of meta-analyses."""
