"""Take trials through their looks: sizes, analyses, and the statistic held against the bounds."""

from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Floats, Ints
from estimate.core.result import Estimate
from estimate.sequential.combination import inverse_normal
from pretese.trial.conduct.observed_data import Data
from pretese.trial.simulation.arm_comparison import analyse_trials, signed_statistic
from pretese.trial.simulation.reestimation import resized


@dataclass(frozen=True, slots=True)
class Looks:
    """All looks of trials as if none stopped early.

    Attributes
    ----------
    men
        (replicate, look) men each look waited for.
    answers
        Per look, the estimates from all men up to it.
    z
        (replicate, look) statistics that are held against the bounds.
    """

    men: Ints
    answers: tuple[Estimate, ...]
    z: Floats


def take_looks(data: Data, men: int) -> Looks:
    """Look at trials planned for ``men``.

    After re-estimation the men before and after that look are analysed apart and combined with
    the weights of the plan, unless the design is naive.
    """
    design = data.design
    counts, rule = design.looks_at(men), design.monitoring.reestimation
    early = len(counts) if rule is None else rule.at_look
    answers = [analyse_trials(data.cut(count)) for count in counts[:early]]
    z = np.stack([signed_statistic(answer) for answer in answers], -1)
    sizes = resized(design, men, z[:, -1])
    if rule is None:
        return Looks(sizes, tuple(answers), z)
    later = [sizes[:, look] for look in range(early, len(counts))]
    answers += [analyse_trials(data.cut(last)) for last in later]
    if rule.combination == "naive":
        new: Floats = np.stack([signed_statistic(answer) for answer in answers[early:]], -1)
    else:
        own = [
            signed_statistic(analyse_trials(data.cut(last, counts[early - 1]))) for last in later
        ]
        new = combined(design.monitoring.plan().information_rates, z[:, -1], np.stack(own, -1))
    return Looks(sizes, tuple(answers), np.concatenate([z, new], -1))


def combined(rates: tuple[float, ...], before: Floats, after: Floats) -> Floats:
    """Return (replicate, later look) inverse normal combinations with the weights of the plan.

    Parameters
    ----------
    rates
        (look,) planned information rates.
    before
        (replicate,) statistic at the look of re-estimation.
    after
        (replicate, later look) statistics of the men after it alone, up to each later look.

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
