"""Implementation of `pretese clinic`: runs with replicates, and capacity searches."""
