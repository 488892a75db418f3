"""What a recovery study found: performance, verdicts, pages and figures."""
