"""Results of a recovery study: performance, verdicts, pages and figures."""
