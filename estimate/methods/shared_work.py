"""Computations shared by methods of one analysis: score, outcome model, weights, pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from estimate.causal.entropy_balancing import EntropyTarget, entropy_weights
from estimate.causal.marginal import OutcomeModel, outcome_model
from estimate.causal.matching import Focal, Matches, Order, match_nearest
from estimate.causal.propensity import PropensityScore, Weights, propensity
from estimate.causal.weighting import weights
from estimate.core.analysis_set import AnalysisSet
from estimate.core.estimand import Target
from estimate.core.result import Estimate

#: Kinds of standard errors; `estimate.methods.method.Method.errors` lists those of a method.
ErrorKind = Literal[
    "model", "HC0", "HC1", "HC2", "HC3", "survey", "M-estimation", "cluster", "bootstrap"
]


#: Results of a method: one estimate per scale.
Answers = Sequence[Estimate]


@dataclass(frozen=True, slots=True)
class MatchingRule:
    """Options of matching; see `estimate.causal.matching.match_nearest`.

    ``focal`` None is the smaller arm. ``caliper`` counts standard deviations of the distance.
    """

    focal: Focal | None = None
    order: Order | None = None
    caliper: float | None = None
    on: Literal["score", "logit"] = "logit"
    exact: str | None = None
    ratio: int = 1


@dataclass(frozen=True, slots=True)
class Choices:
    """Options of a plan for its methods.

    Attributes
    ----------
    propensity
        Covariates of the propensity score; None is all of them.
    matching
        How pairs are formed.
    truncate
        Quantiles at which weights are cut; None cuts none.
    strata
        Categorical covariates within which a trial balanced its arms.
    errors
        Method to the kind of its standard errors; other methods have their defaults.
    samples
        Bootstrap samples, where errors are by bootstrap.
    seed
        Of the bootstrap.
    """

    propensity: tuple[str, ...] | None = None
    matching: MatchingRule = field(default_factory=MatchingRule)
    truncate: tuple[float, float] | None = None
    strata: tuple[str, ...] = ()
    errors: Mapping[str, ErrorKind] = field(default_factory=dict)
    samples: int = 1000
    seed: int = 0


class Work:
    """An analysis set with the shared computations of its methods, each done on first use.

    Parameters
    ----------
    data
        The analysis set; its last leading axis is the imputation if ``pooled``.
    observed
        Patients with treatment and outcome known, for methods without covariates; None is
        ``data``.
    choices
        The options of the plan.
    pooled
        Whether only standard errors are used, because estimates of imputations are pooled.
    replicates
        Whether data sets are replicates of a study: a replicate that cannot be matched does not
        converge, whereas a single table is refused with `InputError`.
    where
        File or table, for messages.
    """

    def __init__(
        self,
        data: AnalysisSet,
        *,
        observed: AnalysisSet | None = None,
        choices: Choices | None = None,
        pooled: bool = False,
        replicates: bool = False,
        where: str = "data",
    ) -> None:
        self.data, self.observed = data, observed or data
        self.choices = choices or Choices()
        self.pooled, self.replicates, self.where = pooled, replicates, where
        self._weights: dict[tuple[Target, bool], Weights] = {}
        self._entropy: dict[EntropyTarget, Weights] = {}

    @cached_property
    def score(self) -> PropensityScore:
        """The propensity score."""
        return propensity(self.data, self.choices.propensity)

    @cached_property
    def model(self) -> OutcomeModel:
        """The outcome model on treatment and all covariates."""
        return outcome_model(self.data)

    @cached_property
    def pairs(self) -> Matches:
        """The matched pairs."""
        rule = self.choices.matching
        focal = rule.focal or smaller_arm(self.data)
        pairs = match_nearest(
            self.data,
            self.score,
            focal,
            order=rule.order,
            caliper=rule.caliper,
            on=rule.on,
            exact=rule.exact,
            ratio=rule.ratio,
            accept_shortage=self.replicates,
            where=self.where,
        )
        if rule.order == "closest":
            return pairs
        return pairs.without(_short(self.data, focal, rule.ratio))

    def errors(self, method: str, default: ErrorKind) -> Any:
        """Return the kind of standard errors that the plan chooses for a method.

        Bootstrap samples need no errors of their own; they have the default.
        """
        chosen = self.choices.errors.get(method, default)
        return default if chosen == "bootstrap" else chosen

    def entropy(self, target: EntropyTarget) -> Weights:
        """Return the entropy-balancing weights of a target population."""
        if target not in self._entropy:
            self._entropy[target] = entropy_weights(self.data, target, self.choices.propensity)
        return self._entropy[target]

    def weights(self, target: Target, *, stabilised: bool = False) -> Weights:
        """Return the weights of a target population."""
        key = (target, stabilised)
        if key not in self._weights:
            self._weights[key] = weights(
                self.data, self.score, target,
                stabilised=stabilised, truncate=self.choices.truncate,
            )  # fmt: skip
        return self._weights[key]


def smaller_arm(data: AnalysisSet) -> Focal:
    """Return the arm with fewer patients; the treated if they are never more than half."""
    return "treated" if (2 * _treated(data) <= data.n).all() else "untreated"


def _treated(data: AnalysisSet) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    return np.asarray(np.count_nonzero((data.treatment > 0) & data.include, axis=-1))


def _short(
    data: AnalysisSet, focal: Focal, ratio: int
) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Return the data sets (...) in which the other arm has too few patients."""
    treated = _treated(data)
    untreated = data.n - treated
    ours, theirs = (treated, untreated) if focal == "treated" else (untreated, treated)
    return np.asarray(ratio * ours > theirs)
