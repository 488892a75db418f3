"""Exact operating characteristics of a Bayesian trial, frequentist and averaged over a prior.

The probability that a trial reaches an analysis, given its cumulative counts, does not depend on
the risks: it is computed once by a recursion over the analyses with hypergeometric weights. Any
pair of risks, or any prior of them, then costs one sum over the tables. Nothing is simulated.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from estimate.bayesian.beta_mixture import binomial_likelihood
from estimate.bayesian.count_tables import CountTables, EffectThreshold, JointPrior
from estimate.bayesian.decision_rules import (
    CONTINUE,
    OUTCOMES,
    AnalysisPosterior,
    hypergeometric,
)
from estimate.core.arrays import Floats


@dataclass(frozen=True, slots=True)
class TrialBehaviour:
    """Operating characteristics at fixed risks; ``...`` is the shape of the risks.

    Attributes
    ----------
    stop
        (..., analysis, outcome) probabilities of ending so, outcomes as in `OUTCOMES`.
    participants
        (analysis,) participants of both arms.
    difference
        (...) mean posterior mean of the risk difference at the end.
    """

    stop: Floats
    participants: NDArray[np.int64]
    difference: Floats

    @property
    def outcome(self) -> Floats:
        """(..., outcome) probabilities over all analyses."""
        return np.asarray(self.stop.sum(-2))

    @property
    def success(self) -> Floats:
        """(...) probability of success: power, or the type I error without an effect."""
        return np.asarray(self.outcome[..., 0])

    @property
    def expected_participants(self) -> Floats:
        """(...) expected sample size of both arms together."""
        return np.asarray(self.stop.sum(-1) @ self.participants)


@dataclass(frozen=True, slots=True)
class PriorBehaviour:
    """Operating characteristics averaged over a prior.

    Attributes
    ----------
    outcome
        (outcome,) probabilities: that of success is the assurance.
    expected_participants
        Expected sample size.
    effective
        Probability that the effect exceeds the threshold of success.
    success_given_effective, success_given_not
        Average power, and average type I error; NaN if the condition has no probability.
    misleading
        Probability that the effect does not exceed the threshold although the trial succeeded.
    missed
        Probability that it does although the trial ended otherwise.
    """

    outcome: Floats
    expected_participants: float
    effective: float
    success_given_effective: float
    success_given_not: float
    misleading: float
    missed: float


class ExactTrialTables:
    """A trial with its decisions, and how probable it is that each analysis is reached."""

    def __init__(self, analyses: Sequence[AnalysisPosterior]) -> None:
        self.analyses = tuple(analyses)
        self.participants = np.array([each.treated + each.control for each in self.analyses])
        self._reached = self._reach()

    def _reach(self) -> list[Floats]:
        """Return per analysis the probability to reach it, given its counts."""
        reached: list[Floats] = [np.ones(self.analyses[0].decision.shape)]
        for now, later in zip(self.analyses, self.analyses[1:], strict=False):
            left = hypergeometric(now.treated, later.treated)
            right = hypergeometric(now.control, later.control)
            reached.append(left.T @ (reached[-1] * (now.decision == CONTINUE)) @ right)
        return reached

    def at_risks(self, treated: ArrayLike, control: ArrayLike) -> TrialBehaviour:
        """Return the behaviour at risks that are broadcast together.

        Examples
        --------
        One analysis of a single participant per arm, success if only the treated one responds:

        >>> from estimate.bayesian.count_tables import CountTables
        >>> above = np.array([[0.5, 0.2], [0.9, 0.5]])
        >>> table = CountTables(np.full((2, 2), 0.25), (above,), np.zeros((2, 2)))
        >>> code = np.array([[4, 4], [1, 4]], np.int8)
        >>> trial = ExactTrialTables([AnalysisPosterior(1, 1, table, above, code)])
        >>> print(f"{trial.at_risks(0.6, 0.3).success:.2f}")
        0.42
        """
        p1, p2 = np.broadcast_arrays(np.asarray(treated, float), np.asarray(control, float))
        shape, flat1, flat2 = p1.shape, p1.reshape(-1), p2.reshape(-1)
        stop = np.zeros((flat1.size, len(self.analyses), len(OUTCOMES)))
        difference = np.zeros(flat1.size)
        for k, (each, reached) in enumerate(zip(self.analyses, self._reached, strict=True)):
            left = binomial_likelihood(each.treated, flat1, 1 - flat1).T
            right = binomial_likelihood(each.control, flat2, 1 - flat2)
            for code in range(len(OUTCOMES)):
                ends = reached * (each.decision == code + 1)
                if ends.any():
                    stop[:, k, code] = ((left @ ends) * right.T).sum(1)
            ends = reached * (each.decision != CONTINUE) * each.tables.difference
            difference += ((left @ ends) * right.T).sum(1)
        return TrialBehaviour(
            stop.reshape(*shape, *stop.shape[1:]), self.participants, difference.reshape(shape)
        )

    def expected_at_risks(self, table: Sequence[Floats], treated: float, control: float) -> float:
        """Return the mean of a quantity at the end of the trial, given per analysis and counts."""
        total = 0.0
        p1, p2 = np.array([treated]), np.array([control])
        for each, reached, values in zip(self.analyses, self._reached, table, strict=True):
            left = binomial_likelihood(each.treated, p1, 1 - p1)[:, 0]
            right = binomial_likelihood(each.control, p2, 1 - p2)[:, 0]
            total += float(left @ (reached * (each.decision != CONTINUE) * values) @ right)
        return total

    def under(self, prior: JointPrior, threshold: EffectThreshold) -> PriorBehaviour:
        """Return the behaviour on average over a prior, which may differ from that of the analysis.

        Parameters
        ----------
        threshold
            An effect above it is wanted; that of the rule of success.
        """
        sizes = [(each.treated, each.control) for each in self.analyses]
        return self._under([prior.tables(*size, [threshold]) for size in sizes])

    def under_own_prior(self) -> PriorBehaviour:
        """Return the behaviour on average over the prior of the analysis."""
        return self._under([each.tables for each in self.analyses])

    def _under(self, tables: Sequence[CountTables]) -> PriorBehaviour:
        ends = np.zeros((len(self.analyses), len(OUTCOMES)))
        good = np.zeros_like(ends)
        for k, (each, reached, table) in enumerate(
            zip(self.analyses, self._reached, tables, strict=True)
        ):
            weight = reached * table.marginal
            for code in range(len(OUTCOMES)):
                here = each.decision == code + 1
                ends[k, code] = weight[here].sum()
                good[k, code] = (weight * table.above[0])[here].sum()
        effective, success = float(good.sum()), float(ends[:, 0].sum())
        right = float(good[:, 0].sum())
        return PriorBehaviour(
            outcome=ends.sum(0),
            expected_participants=float(ends.sum(1) @ self.participants),
            effective=effective,
            success_given_effective=_share(right, effective),
            success_given_not=_share(success - right, 1 - effective),
            misleading=_share(success - right, success),
            missed=_share(effective - right, 1 - success),
        )


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 1e-12 else float("nan")
