"""What a clinic file describes: opening days, durations, equipment, referrals."""
