"""All endpoints of the same trials at every analysis."""

from collections.abc import Sequence

import numpy as np

from estimate.core.arrays import Floats, Ints
from estimate.core.result import RATIOS, Estimate
from estimate.sequential.trials import Conduct, follow
from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.conduct.trial_conduct import Trials
from pretese.trial.conduct.true_estimands import truths
from pretese.trial.design.design_file import DesignFile
from pretese.trial.simulation.claims import decide_claims
from pretese.trial.simulation.interim_analyses import Analyses, run_analyses


def observe_all(design: DesignFile, trials: Trials, effect: float) -> list[Data]:
    """Return the recorded data of each endpoint, the primary first."""
    return [observe(design, trials, effect, k) for k in range(len(design.questions))]


def analyse_endpoints(data: Sequence[Data], participants: int) -> list[Analyses]:
    """Return the analyses of each endpoint of trials planned for ``participants``."""
    return [run_analyses(each, participants) for each in data]


def paths(analyses: Sequence[Analyses]) -> Floats:
    """Return (replicate, analysis, endpoint) statistics without early stopping."""
    return np.stack([each.z for each in analyses], -1)


def end_of(design: DesignFile, analyses: Sequence[Analyses]) -> Conduct:
    """Return the last analysis of each trial, and whether the primary endpoint is claimed."""
    primary = analyses[0].z
    if analyses[0].decision is not None:
        return analyses[0].decision.conduct
    if not design.secondary:
        return follow(design.monitoring.plan(), primary)
    found = decide_claims(design, paths(analyses))
    z = np.take_along_axis(primary, found.analysis[:, None] - 1, -1)[:, 0]
    return Conduct(found.analysis, found.claimed[:, 0], z, primary.shape[-1])


def at_analysis(
    answers: Sequence[Estimate], name: str, analysis: Ints, *, log: bool = True
) -> Floats:
    """Return (replicate,) values at each trial's analysis, from 1; logarithms for ratios."""
    values = np.stack([getattr(answer, name) for answer in answers], -1)
    found = np.take_along_axis(values, analysis[:, None] - 1, -1)[:, 0].astype(float)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(found) if log and answers[0].scale in RATIOS else found)


def several(
    design: DesignFile,
    trials: Trials,
    participants: int,
    effect: float,
    analyses: Sequence[Analyses],
    without: Floats,
) -> dict[str, Floats]:
    """Return the arrays of `Outcomes` with an endpoint axis.

    Parameters
    ----------
    without
        (replicate, analysis, endpoint) statistics of the same trials without any effect.
    """
    path = paths(analyses)
    ends = decide_claims(design, path)
    true = [
        truths(design, trials.participants_, participants, effect, k) for k in range(len(analyses))
    ]
    numbers = {
        f"endpoint_{name}": np.stack(
            [at_analysis(each.answers, name, ends.analysis, log=log) for each in analyses], -1
        )
        for name, log in (
            ("estimate", True), ("conf_low", True), ("conf_high", True), ("std_error", False),
        )
    }  # fmt: skip
    return numbers | {
        "endpoint_z": np.take_along_axis(path, ends.analysis[:, None, None] - 1, 1)[:, 0],
        "endpoint_claimed": ends.claimed.astype(float),
        "endpoint_path": path.reshape(len(path), -1),
        "endpoint_path_without": without.reshape(len(path), -1),
        "endpoint_analysed": np.stack(
            [at_analysis(each.answers, "n", ends.analysis, log=False) for each in analyses], -1
        ),
        "endpoint_risk_control": np.stack([each[0] for each in true], -1),
        "endpoint_risk_treated": np.stack([each[1] for each in true], -1),
        "endpoint_target": np.stack([each[2] for each in true], -1),
    }
