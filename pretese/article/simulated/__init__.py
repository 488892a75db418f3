"""The published study beside its simulated twin, number by number."""
