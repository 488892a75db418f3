"""How strong hidden confounding, missed outcomes or selection must be to explain an effect."""
