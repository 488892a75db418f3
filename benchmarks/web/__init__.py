"""The server: the same rule through every interface, response times, many concurrent users."""
