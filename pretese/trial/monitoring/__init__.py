"""An ongoing trial: interim analyses compared with the plan, conditional power, final inference.

The plan is a design file of `pretese.trial`; nothing is simulated.
"""
