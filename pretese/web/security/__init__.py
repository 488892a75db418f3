"""Access control and limits: settings, trusted clients, and checks of every request."""
