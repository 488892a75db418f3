"""Who may ask, how much and how long: settings, trusted callers, and what every request passes."""
