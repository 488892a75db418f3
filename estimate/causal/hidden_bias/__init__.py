"""Strength of hidden confounding, missed outcomes or selection that would explain an effect."""
