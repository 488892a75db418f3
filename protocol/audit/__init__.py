"""Compare the therapy that was given with the therapy that the regimen recommended."""
