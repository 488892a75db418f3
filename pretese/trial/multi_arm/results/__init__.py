"""Power studies of trials with several arms: run, summarised, shown."""
