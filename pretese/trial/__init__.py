"""A trial before it happens: a design file, thousands of simulated trials of it, what they show.

The only part that joins the men of `simulate` to the analyses of `estimate` for a planned trial.
"""
