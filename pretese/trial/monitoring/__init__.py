"""A trial under way: its interim analyses against the plan, conditional power, final inference.

The plan is a design file of `pretese.trial`; nothing is simulated here.
"""
