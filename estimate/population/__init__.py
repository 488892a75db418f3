"""What a table of patients says of its population: distributions, dependence, missing values."""
