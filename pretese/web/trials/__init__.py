"""The trial page: form, exact results, simulation, comparison of two designs."""
