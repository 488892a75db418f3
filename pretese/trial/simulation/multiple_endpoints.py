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


def analyse_endpoints(
    data: Sequence[Data], participants: int, sizes: Ints | None = None
) -> list[Analyses]:
    """Return the analyses of each endpoint of trials planned for ``participants``.

    The sample size is re-estimated from the primary endpoint, if at all. Every endpoint combines
    its statistics of the participants before and after that analysis with the planned weights.
    Under the null hypothesis of an endpoint its second statistic has a standard normal distribution
    given all data of the first stage, whatever the new size, so that each endpoint has a valid
    combination test.

    Parameters
    ----------
    sizes
        (replicate, analysis) participants of trials that were re-estimated from other data; None
        re-estimates from ``data``.
    """
    primary = run_analyses(data[0], participants, sizes)
    return [primary, *(run_analyses(each, participants, primary.participants) for each in data[1:])]


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
    without: Sequence[Analyses],
) -> dict[str, Floats]:
    """Return the arrays of `Outcomes` with an endpoint axis.

    Parameters
    ----------
    without
        Analyses of the same trials without any effect.
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
        "endpoint_path_without": paths(without).reshape(len(path), -1),
        "endpoint_analysed": np.stack(
            [at_analysis(each.answers, "n", ends.analysis, log=False) for each in analyses], -1
        ),
        "endpoint_risk_control": np.stack([each[0] for each in true], -1),
        "endpoint_risk_treated": np.stack([each[1] for each in true], -1),
        "endpoint_target": np.stack([each[2] for each in true], -1),
    }


def with_exchanged_sizes(
    data: Sequence[Data],
    null: Sequence[Data],
    participants: int,
    analyses: Sequence[Analyses],
    without: Sequence[Analyses],
) -> dict[str, Floats]:
    """Return statistics of re-estimated trials under partial null hypotheses.

    The effect on the primary endpoint determines the sample size of all endpoints. If only the
    primary endpoint has no effect, the others have the sizes chosen without an effect; if only the
    others have none, they have the sizes chosen with it.

    Parameters
    ----------
    data, null
        Recorded data of each endpoint with the effect, and without any.
    analyses, without
        Their analyses, each with the sizes from its own primary endpoint.
    """
    given = {
        "endpoint_path_null_size": analyse_endpoints(data, participants, without[0].participants),
        "endpoint_path_without_planned_size": analyse_endpoints(
            null, participants, analyses[0].participants
        ),
    }
    return {name: paths(each).reshape(len(each[0].z), -1) for name, each in given.items()}
