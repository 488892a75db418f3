"""A trial under way: its looks held against the plan, what lies ahead, the analysis at the end.

The plan is a design file of `pretese.trial`; nothing is simulated here.
"""
