"""The engine's answers on paper: words, JSON, calendars, trees and decision-table files."""
