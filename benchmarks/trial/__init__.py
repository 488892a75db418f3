"""Speed of planned trials compared with rpact, and random designs against exact enumeration."""
