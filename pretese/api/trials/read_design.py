"""`pretese.design`: read a planned trial: two arms, also Bayesian, or several treatments."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pretese.api.trials.designs import Design, two_arm_design
from pretese.api.trials.trial_arguments import design_text


def design(source: str | Path | Mapping[str, Any]) -> Design:
    """Read a planned trial.

    Parameters
    ----------
    source
        Name of a shipped design, path of a design file, or its fields as a mapping.

    Raises
    ------
    InputError
        All faults of the design together.

    Examples
    --------
    >>> import pretese as pt
    >>> pt.design("placebo-ufsh").id
    'placebo-ufsh'
    """
    from pretese.trial.bayesian.design.design_file import is_bayesian
    from pretese.trial.multi_arm.design.design_file import is_multi_arm, parse_multi_arm
    from protocol.reading.documents import parse_yaml

    text, where = design_text(source)
    fields = parse_yaml(text, where)
    if is_bayesian(fields):
        from pretese.api.trials.bayesian_trial import BayesianTrial
        from pretese.trial.bayesian.design.read_bayesian import parse_bayesian

        return BayesianTrial(parse_bayesian(text, where), text)
    if is_multi_arm(fields):
        from pretese.api.trials.multi_arm_trial import MultiArmTrial

        return MultiArmTrial(parse_multi_arm(text, where), text)
    return two_arm_design(text, where)
