"""Recovery of known effects by plans that `pretese recover` does not simulate."""
