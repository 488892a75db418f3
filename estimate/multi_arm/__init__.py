"""Several treatments against one control: Dunnett's tests, closed testing, and several analyses."""
