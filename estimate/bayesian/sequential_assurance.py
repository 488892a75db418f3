"""Group-sequential trials averaged over a prior: success, and the expected sample size.

By the normal approximation for any design (as gsDesign's gsPOS and gsCPOS define them), and exactly
for the counts of two arms, where the decisions follow from the score statistic.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimate.bayesian.count_tables import CountTables
from estimate.bayesian.decision_rules import (
    CONTINUE,
    FUTILITY,
    HARM,
    INCONCLUSIVE,
    SUCCESS,
    AnalysisPosterior,
)
from estimate.bayesian.operating_characteristics import ExactTrialTables
from estimate.comparison.exact.binomial_tables import pooled_z
from estimate.comparison.risk_difference import hypothesis_z
from estimate.core.arrays import Floats
from estimate.sample_size.exact_fixed import TIE
from estimate.sequential.design import SequentialDesign
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class SequentialAssurance:
    """A group-sequential trial averaged over a prior.

    Attributes
    ----------
    success
        Probability of crossing an upper boundary.
    success_after
        (interim analysis,) the same at later analyses, given that no boundary was crossed so far.
    expected_rate
        Expected information at the end, relative to the maximum.
    """

    success: float
    success_after: tuple[float, ...]
    expected_rate: float


def sequential_assurance(
    design: SequentialDesign, drift: ArrayLike, weight: ArrayLike
) -> SequentialAssurance:
    """Return success and expected information of a design, averaged over a prior of the drift.

    Parameters
    ----------
    drift
        (point,) values of theta * sqrt(I_K), as `SequentialDesign.drift`.
    weight
        (point,) their probabilities, which sum to 1.

    Examples
    --------
    >>> from estimate.sequential.boundaries import plan_sequential
    >>> from estimate.sequential.spending import Spending
    >>> plan = plan_sequential([0.5, 1.0], Spending("OF"), alpha=0.025, power=0.9)
    >>> found = sequential_assurance(plan, [0.0, plan.drift], [0.5, 0.5])
    >>> print(f"{found.success:.4f}")
    0.4625
    """
    points, shares = np.atleast_1d(drift).astype(float), np.atleast_1d(weight).astype(float)
    if points.shape != shares.shape or (shares < 0).any() or abs(shares.sum() - 1) > 1e-6:
        problem = "weights are below 0, or do not sum to 1"
        raise InputError.of("prior", "weight", problem, "give one weight per drift")
    rejects = design.exits(points)[1]
    ends = design.rejection(points) + design.futility(points)
    going = 1 - np.cumsum(ends, -1)[..., :-1]
    later = rejects.sum(-1, keepdims=True) - np.cumsum(rejects, -1)[..., :-1]
    with np.errstate(invalid="ignore"):
        after = (shares @ later) / (shares @ going)
    return SequentialAssurance(
        success=float(shares @ rejects.sum(-1)),
        success_after=tuple(float(each) for each in np.atleast_1d(after)),
        expected_rate=float(shares @ (ends @ np.asarray(design.information_rates))),
    )


def score_trial(
    sizes: Sequence[tuple[int, int]],
    upper: Sequence[float],
    lower: Sequence[float] | None,
    *,
    sides: int = 1,
    nulls: Sequence[float] = (0.0,),
) -> ExactTrialTables:
    """Return a group-sequential trial of counts, decided by the score statistic.

    Parameters
    ----------
    sizes
        Cumulative participants of the treated and of the control arm at each analysis.
    upper, lower
        Boundaries of z, as `SequentialDesign` has them; None for no futility. With two sides a
        rejection in favour of control is counted as harm.
    nulls
        Limits of the null hypothesis about the risk difference.

    Examples
    --------
    >>> trial = score_trial(
    ...     [(60, 60), (120, 120), (180, 180)], [3.7103029, 2.5114275, 1.9930475], None
    ... )
    >>> found = trial.at_risks(0.55, 0.40)
    >>> print(f"{found.success:.7f} {found.expected_participants:.4f}")
    0.8212901 307.1526
    """
    analyses = []
    for k, (treated, control) in enumerate(sizes):
        z = _score(treated, control, nulls)
        last = k + 1 == len(sizes)
        code = np.full(z.shape, INCONCLUSIVE if last else CONTINUE, np.int8)
        if lower is not None and sides == 1 and not last:
            code[z < lower[k] - TIE] = FUTILITY
        if sides == 2:
            code[z <= -upper[k] + TIE] = HARM
        code[z >= upper[k] - TIE] = SUCCESS
        observed = np.arange(treated + 1)[:, None] / treated - np.arange(control + 1) / control
        tables = CountTables(np.zeros_like(z), (np.zeros_like(z),), observed)
        analyses.append(AnalysisPosterior(treated, control, tables, np.zeros_like(z), code))
    return ExactTrialTables(analyses)


def _score(treated: int, control: int, nulls: Sequence[float]) -> Floats:
    if tuple(nulls) == (0.0,):
        return pooled_z(treated, control)
    x, y = np.arange(treated + 1)[:, None], np.arange(control + 1)
    return hypothesis_z(x, treated, y, control, nulls)
