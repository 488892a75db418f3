"""Time-varying treatment: courses of patients, and dynamic treatment strategies."""
