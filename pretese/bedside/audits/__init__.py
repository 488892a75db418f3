"""Audits of clinics' logs: where a log comes from, and how its audit is shown."""
