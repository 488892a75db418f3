"""Unadjusted comparisons of groups: tables, tests, intervals, Table 1, clustered rates."""
