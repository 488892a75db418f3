"""Speed of planned trials beside rpact, and random designs against exact enumeration."""
