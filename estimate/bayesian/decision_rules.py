"""Decisions of a Bayesian trial at its analyses, for every pair of counts.

Success if the effect probably exceeds a threshold; harm if it is probably below another; futility
if the posterior probability, or the predictive probability of success at the final analysis, is
low. Predictive probabilities follow from the prior predictive ones: given the final counts, those
at an interim analysis are hypergeometric in each arm, whatever the risks (sufficiency).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from estimate.bayesian.count_tables import CountTables, EffectThreshold, JointPrior, ratio
from estimate.core.arrays import Bools, Floats
from protocol.errors import InputError

#: Decisions at an analysis, in the order of their codes; the last one ends the final analysis.
CONTINUE, SUCCESS, FUTILITY, HARM, INCONCLUSIVE = range(5)
OUTCOMES = ("success", "futility", "harm", "inconclusive")

#: A point mass at the threshold of harm does not count as harm: it lies this far above.
_POINT = 1e-9


@dataclass(frozen=True, slots=True)
class PosteriorRule:
    """A threshold of the effect, and the posterior probability at each analysis that decides."""

    threshold: EffectThreshold
    probability: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """Rules of a Bayesian trial, judged in the order success, harm, futility.

    Attributes
    ----------
    success
        Success if P(effect > threshold) is above the probability.
    harm
        Stop if P(effect < threshold) is above the probability.
    futility
        Stop an interim analysis if P(effect > threshold) is below the probability.
    predictive
        Stop an interim analysis if the predictive probability of success at the final analysis is
        below this, one value per interim analysis.
    """

    success: PosteriorRule
    harm: PosteriorRule | None = None
    futility: PosteriorRule | None = None
    predictive: tuple[float, ...] | None = None

    def with_success(self, probability: float) -> "DecisionRules":
        """Return the rules with another probability for success, the same at every analysis."""
        same = (probability,) * len(self.success.probability)
        return replace(self, success=replace(self.success, probability=same))

    @property
    def thresholds(self) -> tuple[EffectThreshold, ...]:
        """Thresholds of success, harm and futility, as far as there are such rules."""
        rules = [self.success, self.harm, self.futility]
        found = [rule.threshold for rule in rules if rule is not None]
        if self.harm is not None:
            found[1] = replace(found[1], value=found[1].value - _POINT)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class AnalysisPosterior:
    """Posterior probabilities of one analysis, (treated events, control events) each.

    Attributes
    ----------
    treated, control
        Participants of each arm.
    tables
        Predictive probabilities, and the posterior for the thresholds of the rules.
    predictive
        Predictive probability of success at the final analysis; at that one whether it succeeds.
    decision
        Codes of the decisions.
    """

    treated: int
    control: int
    tables: CountTables
    predictive: Floats
    decision: NDArray[np.int8]

    @property
    def success_probability(self) -> Floats:
        """Posterior probability that decides on success."""
        return self.tables.above[0]


def posterior_tables(
    prior: JointPrior, rules: DecisionRules, sizes: Sequence[tuple[int, int]]
) -> list[CountTables]:
    """Return the posterior of every analysis, which does not depend on the wanted probabilities.

    Parameters
    ----------
    sizes
        Participants of the treated and of the control arm at each analysis, rising.
    """
    if any(b[0] <= a[0] or b[1] <= a[1] for a, b in pairwise(sizes)):
        problem = f"the participants per arm do not rise: {list(sizes)}"
        raise InputError.of("analyses", "participants", problem, "plan fewer analyses")
    return [prior.tables(*size, rules.thresholds) for size in sizes]


def decide_all(
    rules: DecisionRules, sizes: Sequence[tuple[int, int]], tables: Sequence[CountTables]
) -> list[AnalysisPosterior]:
    """Return the decisions of every analysis from its posterior."""
    last = len(sizes) - 1
    final = _decide(rules, tables[last], last, None)
    succeeds = final == SUCCESS
    found = []
    for k, (size, table) in enumerate(zip(sizes, tables, strict=True)):
        if k == last:
            found.append(AnalysisPosterior(*size, table, succeeds.astype(float), final))
            continue
        predictive = predictive_success(succeeds, tables[last].marginal, size, sizes[last])
        decision = _decide(rules, table, k, predictive)
        found.append(AnalysisPosterior(*size, table, predictive, decision))
    return found


def _decide(
    rules: DecisionRules, table: CountTables, k: int, predictive: Floats | None
) -> NDArray[np.int8]:
    """Return the codes of the decisions of an analysis, counted from 0; None: it is the last."""
    code = np.full(table.marginal.shape, CONTINUE if predictive is not None else INCONCLUSIVE)
    further = iter(table.above[1:])
    below = next(further) if rules.harm is not None else None
    if predictive is not None:
        if rules.futility is not None:
            code[next(further) < rules.futility.probability[k]] = FUTILITY
        if rules.predictive is not None:
            code[predictive < rules.predictive[k]] = FUTILITY
    if rules.harm is not None and below is not None:
        code[1 - below > rules.harm.probability[k]] = HARM
    code[table.above[0] > rules.success.probability[k]] = SUCCESS
    return code.astype(np.int8)


def predictive_success(
    succeeds: Bools, marginal: Floats, now: tuple[int, int], final: tuple[int, int]
) -> Floats:
    """Return the predictive probability of success at the final analysis from each pair of counts.

    Parameters
    ----------
    succeeds, marginal
        Whether the final counts are a success, and their prior predictive probabilities.
    now, final
        Participants of both arms at the interim and at the final analysis.

    Examples
    --------
    Lee JJ, Liu DD. *Clin Trials* 2008;5:93-106, page 97: 16 responses of 23 in a trial of 40,
    prior Beta(0.6, 0.4), success if P(risk > 60 %) exceeds 90 %.

    >>> from scipy.special import betaincc
    >>> from estimate.bayesian.beta_mixture import BetaMixture
    >>> x = np.arange(41)
    >>> succeeds = betaincc(0.6 + x, 40.4 - x, 0.6) > 0.9
    >>> weight = BetaMixture.of([1.0], [0.6], [0.4]).marginals(40)
    >>> found = predictive_success(succeeds[:, None], weight.T, (23, 0), (40, 0))
    >>> print(f"{found[16, 0]:.4f}")
    0.5656
    """
    left, right = (hypergeometric(a, b) for a, b in zip(now, final, strict=True))
    joint = left @ np.stack([marginal * succeeds, marginal]) @ right.T
    return ratio(joint[0], joint[1])


@lru_cache(maxsize=64)
def hypergeometric(now: int, final: int) -> Floats:
    """Return (events now, final events) probabilities of the first given the second."""
    x, y = np.arange(now + 1)[:, None], np.arange(final + 1)
    rest = y - x
    inside = (rest >= 0) & (rest <= final - now)
    later = np.clip(rest, 0, final - now)
    logs = _ways(now)[x] + _ways(final - now)[later] - _ways(final)[y]
    return np.asarray(np.where(inside, np.exp(logs), 0.0))


def _ways(n: int) -> Floats:
    """Return the logarithms of the binomial coefficients of 0..n among ``n``."""
    x = np.arange(n + 1)
    return np.asarray(gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1))
