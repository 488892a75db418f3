"""Read the design file of a Bayesian trial: its fields, then its priors and analyses."""

from pretese.trial.bayesian.design.design_file import BayesianDesign
from pretese.trial.bayesian.design.trial_parts import bayesian_parts
from protocol.reading.documents import parse_document


def parse_bayesian(text: str, where: str) -> BayesianDesign:
    """Read a design from the text of its file; ``where`` is for messages.

    Raises
    ------
    InputError
        All faults of the file at once, then analyses and priors that cannot be.
    """
    design = parse_document(text, BayesianDesign, where=where)
    design.sizes_at(design.participants)
    bayesian_parts(design)
    return design
