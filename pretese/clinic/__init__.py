"""What `pretese clinic` does: a run and its replicates, or a question of capacity."""
