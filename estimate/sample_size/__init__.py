"""Sizes and operating characteristics without simulation: closed forms, exact enumeration."""
