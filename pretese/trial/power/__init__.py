"""Operating characteristics of a design: power, size, sensitivity, exact power."""
