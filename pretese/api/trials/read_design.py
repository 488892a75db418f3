"""`pretese.design`: read a planned trial of two arms, or of several treatments."""

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
    from pretese.trial.multi_arm.design.design_file import is_multi_arm, parse_multi_arm
    from protocol.reading.documents import parse_yaml

    text, where = design_text(source)
    if is_multi_arm(parse_yaml(text, where)):
        from pretese.api.trials.multi_arm_trial import MultiArmTrial

        return MultiArmTrial(parse_multi_arm(text, where), text)
    return two_arm_design(text, where)
