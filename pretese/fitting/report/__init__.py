"""Pages and files of a fit: numbers, figure, comparison."""
