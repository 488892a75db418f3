"""Bayesian trials too large for tables of all counts: counts drawn, decisions by the same rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from estimate.bayesian.count_tables import EffectThreshold, JointPrior
from estimate.bayesian.decision_rules import OUTCOMES, DecisionRules
from estimate.core.arrays import Bools, Floats, Ints
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class SimulatedBehaviour:
    """Ends of simulated trials.

    Attributes
    ----------
    analysis, outcome
        (replicate,) last analysis, counted from 0, and index of the outcome in `OUTCOMES`.
    participants
        (replicate,) participants of both arms.
    """

    analysis: Ints
    outcome: Ints
    participants: Ints

    def stop(self, analyses: int) -> Floats:
        """Return (analysis, outcome) shares of the trials that ended so."""
        place = self.analysis * len(OUTCOMES) + self.outcome
        counts = np.bincount(place, minlength=analyses * len(OUTCOMES))
        return np.asarray(counts.reshape(analyses, -1) / self.outcome.size)


def simulate_bayesian(
    prior: JointPrior,
    rules: DecisionRules,
    sizes: Sequence[tuple[int, int]],
    risks: tuple[float | Floats, float | Floats],
    replicates: int,
    random: np.random.Generator,
) -> SimulatedBehaviour:
    """Simulate trials at risks of the treated and of the control arm.

    Parameters
    ----------
    risks
        One pair, or (replicate,) risks that were drawn from a prior.

    Raises
    ------
    InputError
        Futility is judged by predictive probabilities, which need the tables of all counts.
    """
    if rules.predictive is not None:
        problem = "predictive probabilities are computed from all counts, which are too many"
        raise InputError.of("bayes", "futility", problem, "judge futility by the posterior")
    last = len(sizes) - 1
    analysis, outcome = np.zeros((2, replicates), np.int64)
    going = np.ones(replicates, bool)
    events = np.zeros((2, replicates), np.int64)
    before = (0, 0)
    for k, size in enumerate(sizes):
        new = [n - old for n, old in zip(size, before, strict=True)]
        events += np.stack([random.binomial(n, p, replicates)
                            for n, p in zip(new, risks, strict=True)])  # fmt: skip
        before = size
        code = decisions_at(prior, rules, size, events[:, going], k, last=k == last)
        analysis[going], outcome[going] = k, code - 1
        going[going] = code == 0
    participants = np.array([sum(size) for size in sizes])[analysis]
    return SimulatedBehaviour(analysis, outcome, participants)


def decisions_of_sizes(
    prior: JointPrior, rules: DecisionRules, sizes: Ints, events: Ints, k: int, *, last: bool
) -> Ints:
    """Return the (trial,) codes of the decisions of trials whose arms differ in size.

    Parameters
    ----------
    sizes, events
        (2, trial) participants, and their events, of the treated and of the control arm.
    """
    code = np.zeros(sizes.shape[1], np.int64)
    pairs, back = np.unique(sizes, axis=1, return_inverse=True)
    for place, (treated, control) in enumerate(pairs.T):
        here = back.reshape(-1) == place
        size = (int(treated), int(control))
        code[here] = decisions_at(prior, rules, size, events[:, here], k, last=last)
    return code


def decisions_at(
    prior: JointPrior, rules: DecisionRules, size: tuple[int, int], events: Ints, k: int, *,
    last: bool,
) -> Ints:  # fmt: skip
    """Return the (pair,) codes of the decisions at an analysis, counted from 0.

    Parameters
    ----------
    events
        (2, pair) cumulative events of the treated and of the control arm.
    """
    pairs, back = np.unique(events, axis=1, return_inverse=True)
    code = np.full(pairs.shape[1], 4 if last else 0)
    thresholds = list(rules.thresholds)

    @cache  # rules often share a threshold
    def above(threshold: EffectThreshold) -> Floats:
        return prior.above_pairs(size, threshold, pairs[0], pairs[1])

    if rules.futility is not None and not last:
        code[above(thresholds[-1]) < rules.futility.probability[k]] = 2
    if rules.harm is not None:
        harm: Bools = 1 - above(thresholds[1]) > rules.harm.probability[k]
        code[harm] = 3
    code[above(thresholds[0]) > rules.success.probability[k]] = 1
    return np.asarray(code[back.reshape(-1)])
