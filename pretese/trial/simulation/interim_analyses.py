"""Analyses of simulated trials: sample sizes, estimates, and test statistics."""

from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Floats, Ints
from estimate.core.result import Estimate
from estimate.sequential.combination import inverse_normal
from pretese.trial.conduct.observed_data import Data
from pretese.trial.simulation.arm_comparison import analyse_trials, signed_statistic
from pretese.trial.simulation.reestimation import resized


@dataclass(frozen=True, slots=True)
class Analyses:
    """All analyses of trials without early stopping.

    Attributes
    ----------
    participants
        (replicate, analysis) participants whose endpoints are known at the analysis.
    answers
        Estimates of each analysis, from all participants up to it.
    z
        (replicate, analysis) statistics to be compared with the boundaries.
    """

    participants: Ints
    answers: tuple[Estimate, ...]
    z: Floats


def run_analyses(data: Data, participants: int) -> Analyses:
    """Perform the analyses of trials planned for ``participants``.

    After re-estimation the participants before and after that analysis are analysed separately and
    combined with the planned weights, unless the design is naive.
    """
    design = data.design
    counts, rule = design.analyses_at(participants), design.monitoring.reestimation
    early = len(counts) if rule is None else rule.at_analysis
    answers = [analyse_trials(data.cut(count)) for count in counts[:early]]
    z = np.stack([signed_statistic(answer) for answer in answers], -1)
    sizes = resized(design, participants, z[:, -1])
    if rule is None:
        return Analyses(sizes, tuple(answers), z)
    later = [sizes[:, analysis] for analysis in range(early, len(counts))]
    answers += [analyse_trials(data.cut(last)) for last in later]
    if rule.combination == "naive":
        new: Floats = np.stack([signed_statistic(answer) for answer in answers[early:]], -1)
    else:
        own = [
            signed_statistic(analyse_trials(data.cut(last, counts[early - 1]))) for last in later
        ]
        new = combined(design.monitoring.plan().information_rates, z[:, -1], np.stack(own, -1))
    return Analyses(sizes, tuple(answers), np.concatenate([z, new], -1))


def combined(rates: tuple[float, ...], before: Floats, after: Floats) -> Floats:
    """Return (replicate, later analysis) inverse normal combinations with the planned weights.

    Parameters
    ----------
    rates
        (analysis,) planned information rates.
    before
        (replicate,) statistic at the analysis of re-estimation.
    after
        (replicate, later analysis) statistics of the participants after it, up to each later
        analysis.

    Examples
    --------
    >>> z = combined((0.5, 1.0), np.array([1.0]), np.array([[2.0]]))
    >>> f"{z[0, 0]:.4f}"
    '2.1213'
    """
    seen = rates[-after.shape[-1] - 1]
    parts = [
        inverse_normal(np.stack([before, after[..., k]], -1), [seen, rate - seen])[..., -1]
        for k, rate in enumerate(rates[-after.shape[-1] :])
    ]
    return np.stack(parts, -1)
