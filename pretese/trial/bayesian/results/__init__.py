"""Operating characteristics of a Bayesian trial: document, console view, figures, page."""
