"""Work for processes that tests start and disturb."""
