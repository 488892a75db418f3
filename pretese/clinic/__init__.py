"""What `pretese clinic` does: a run and its replications, or a question of capacity."""
