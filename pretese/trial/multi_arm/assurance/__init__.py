"""Probability of success of a trial with several arms under a prior of one treatment's effect."""
