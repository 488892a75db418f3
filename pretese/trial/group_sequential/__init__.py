"""A group-sequential design without a design file: choice, document, console view, figure."""
