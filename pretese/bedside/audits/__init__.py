"""Audits of clinics' logs: sources of logs, and output of audits."""
