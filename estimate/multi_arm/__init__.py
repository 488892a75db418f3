"""Multi-arm trials: treatments against one control by Dunnett's tests and closed testing."""
