"""What a recovery study computes: data, methods, true effects, tasks."""
