"""Output of commands, compared by tests."""
