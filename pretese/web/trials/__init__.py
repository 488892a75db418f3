"""The trial page: question, exact answer, simulation behind it, comparison of two designs."""
