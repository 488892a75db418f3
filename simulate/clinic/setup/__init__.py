"""Content of a clinic file: opening days, durations, equipment, referrals."""
