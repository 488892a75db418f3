"""What was given, compared with what the regimen recommended."""
