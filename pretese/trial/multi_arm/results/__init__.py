"""Power studies of trials with several arms: computation, summary, report."""
