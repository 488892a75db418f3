"""Recommendations shown: words, JSON, calendars, trees and decision-table files."""
