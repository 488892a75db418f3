"""Regimens, decisions, schedules, proofs and audits."""
