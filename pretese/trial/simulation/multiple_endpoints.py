"""Every endpoint of the same trials, side by side at every look."""

from collections.abc import Sequence

import numpy as np

from estimate.core.arrays import Floats, Ints
from estimate.core.result import RATIOS, Estimate
from estimate.sequential.trials import Conduct, follow
from pretese.trial.conduct.observed_data import Data, observe
from pretese.trial.conduct.trial_conduct import Trials
from pretese.trial.conduct.true_estimands import truths
from pretese.trial.design.design_file import DesignFile
from pretese.trial.simulation.claims import claim
from pretese.trial.simulation.interim_analyses import Looks, take_looks


def observe_all(design: DesignFile, trials: Trials, effect: float) -> list[Data]:
    """Return what is recorded of each endpoint, the primary first."""
    return [observe(design, trials, effect, k) for k in range(len(design.questions))]


def look_at_all(data: Sequence[Data], men: int) -> list[Looks]:
    """Return the looks at each endpoint of trials planned for ``men``."""
    return [take_looks(each, men) for each in data]


def paths(looks: Sequence[Looks]) -> Floats:
    """Return (replicate, look, endpoint) statistics as if no trial had stopped."""
    return np.stack([each.z for each in looks], -1)


def end_of(design: DesignFile, looks: Sequence[Looks]) -> Conduct:
    """Return where each trial ends, and whether the primary endpoint is claimed."""
    primary = looks[0].z
    if not design.secondary:
        return follow(design.monitoring.plan(), primary)
    found = claim(design, paths(looks))
    z = np.take_along_axis(primary, found.look[:, None] - 1, -1)[:, 0]
    return Conduct(found.look, found.claimed[:, 0], z, primary.shape[-1])


def at_look(answers: Sequence[Estimate], name: str, look: Ints, *, log: bool = True) -> Floats:
    """Return (replicate,) numbers of each trial at its look, from 1; logarithms for ratios."""
    values = np.stack([getattr(answer, name) for answer in answers], -1)
    found = np.take_along_axis(values, look[:, None] - 1, -1)[:, 0].astype(float)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(found) if log and answers[0].scale in RATIOS else found)


def several(
    design: DesignFile,
    trials: Trials,
    men: int,
    effect: float,
    looks: Sequence[Looks],
    without: Floats,
) -> dict[str, Floats]:
    """Return the arrays of `Outcomes` that have an endpoint axis.

    Parameters
    ----------
    without
        (replicate, look, endpoint) statistics of the same trials without any effect.
    """
    path = paths(looks)
    ends = claim(design, path)
    true = [truths(design, trials.people, men, effect, k) for k in range(len(looks))]
    numbers = {
        f"endpoint_{name}": np.stack(
            [at_look(each.answers, name, ends.look, log=log) for each in looks], -1
        )
        for name, log in (
            ("estimate", True), ("conf_low", True), ("conf_high", True), ("std_error", False),
        )
    }  # fmt: skip
    return numbers | {
        "endpoint_z": np.take_along_axis(path, ends.look[:, None, None] - 1, 1)[:, 0],
        "endpoint_claimed": ends.claimed.astype(float),
        "endpoint_path": path.reshape(len(path), -1),
        "endpoint_path_without": without.reshape(len(path), -1),
        "endpoint_analysed": np.stack(
            [at_look(each.answers, "n", ends.look, log=False) for each in looks], -1
        ),
        "endpoint_risk_control": np.stack([each[0] for each in true], -1),
        "endpoint_risk_treated": np.stack([each[1] for each in true], -1),
        "endpoint_target": np.stack([each[2] for each in true], -1),
    }
