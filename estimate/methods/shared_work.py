"""What several methods of one analysis share: propensity score, outcome model, weights, pairs."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from estimate.causal.marginal import OutcomeModel, outcome_model
from estimate.causal.matching import Focal, Matches, Order, match_nearest
from estimate.causal.propensity import PropensityScore, propensity
from estimate.causal.weighting import Weights, weights
from estimate.core.analysis_set import AnalysisSet
from estimate.core.estimand import Target


@dataclass(frozen=True, slots=True)
class MatchingRule:
    """How pairs are formed; see `estimate.causal.matching.match_nearest`.

    ``focal`` None is the smaller arm. ``caliper`` counts standard deviations of the distance.
    """

    focal: Focal | None = None
    order: Order | None = None
    caliper: float | None = None
    on: Literal["score", "logit"] = "logit"
    exact: str | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What a plan chooses for its methods.

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
    """

    propensity: tuple[str, ...] | None = None
    matching: MatchingRule = field(default_factory=MatchingRule)
    truncate: tuple[float, float] | None = None
    strata: tuple[str, ...] = ()


class Work:
    """An analysis set with what its methods share, each computed once, when first asked for.

    Parameters
    ----------
    data
        What is analysed; its last leading axis is the imputation if ``pooled``.
    observed
        Patients with treatment and outcome known, for methods without covariates; None is
        ``data``.
    choices
        What the plan chooses.
    pooled
        Whether only standard errors are used, because estimates of imputations are pooled.
    replicates
        Whether data sets are replicates of a study: one that cannot be matched does not converge,
        where a single table is refused with `InputError`.
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
            accept_shortage=self.replicates,
            where=self.where,
        )
        return pairs if rule.order == "closest" else pairs.without(_short(self.data, focal))

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


def _short(data: AnalysisSet, focal: Focal) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Return the data sets (...) in which the focal arm is the larger one."""
    treated = _treated(data)
    untreated = data.n - treated
    return np.asarray(treated > untreated if focal == "treated" else untreated > treated)
