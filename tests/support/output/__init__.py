"""What commands write, compared by tests."""
