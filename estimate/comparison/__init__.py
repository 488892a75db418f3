"""Unadjusted comparisons of groups: tables, tests, intervals, clustered rates."""
