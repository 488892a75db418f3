"""Output of recommendations: text, JSON, calendars, trees and decision-table files."""
