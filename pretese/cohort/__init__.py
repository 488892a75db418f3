"""Implementation of `pretese simulate` and `pretese truth`."""
