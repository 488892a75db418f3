"""The server: the same rule by every way to ask, times of answers, many users at once."""
