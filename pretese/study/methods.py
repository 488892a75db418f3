"""Every method of a study plan, what it aims at, and how it is run on a batch of replicates."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from estimate.adjustment import adjusted
from estimate.analysis_set import AnalysisSet
from estimate.contingency import crude
from estimate.firth import firth
from estimate.marginal import OutcomeModel, aipw, outcome_model, standardised, tmle
from estimate.matching import Matches, match_nearest, matched
from estimate.propensity import PropensityScore, propensity
from estimate.result import Estimate
from estimate.weighting import Errors, Target, iptw, iptw_adjusted, weights
from pretese.study.spec import StudyPlan
from pretese.study.subgroups import SCALE, subgroup_names

Answers = tuple[Estimate, ...]

#: Whether an effect is that in a population, or that given covariates in a regression.
Kind = Literal["marginal", "conditional"]


class Work:
    """An analysis set and what several methods share of it.

    ``imputed``: its last leading axis is the imputation, and only standard errors are pooled.
    """

    def __init__(self, data: AnalysisSet, *, imputed: bool = False) -> None:
        self.data, self.imputed = data, imputed

    @cached_property
    def score(self) -> PropensityScore:
        """The propensity score on all covariates."""
        return propensity(self.data)

    @cached_property
    def model(self) -> OutcomeModel:
        """The outcome model on treatment and all covariates."""
        return outcome_model(self.data)

    @cached_property
    def pairs(self) -> Matches:
        """Untreated men and the nearest treated man of each."""
        return match_nearest(
            self.data, self.score, "untreated", order="closest", on="logit", accept_shortage=True
        )


@dataclass(frozen=True, slots=True)
class Method:
    """A method: the population it speaks of, the kind of effect, and the computation.

    ``odds_ratio_alone`` marks methods that answer on one scale, whatever a plan wants.
    """

    target: Target
    kind: Kind
    run: Callable[[Work], Answers]
    odds_ratio_alone: bool = False

    def scales(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Return the scales of its answers, of those that a plan wants."""
        return ("odds ratio",) if self.odds_ratio_alone else tuple(wanted)


def _weighted(target: Target, errors: Errors = "M-estimation") -> Method:
    def run(work: Work) -> Answers:
        return iptw(work.data, work.score, weights(work.data, work.score, target), errors=errors)

    return Method(target, "marginal", run)


def _weighted_and_adjusted(work: Work) -> Answers:
    """Run the published analysis: stabilised weights, covariates, weights taken as counts."""
    w = weights(work.data, work.score, stabilised=True)
    return (iptw_adjusted(work.data, work.score, w),)


def _adjusted(work: Work) -> Answers:
    return (adjusted(work.data, profile=not work.imputed),)


def _with_score(work: Work) -> Answers:
    score = work.score.score
    return (adjusted(work.data, score=score, method="ps-covariate", profile=not work.imputed),)


def _match_untreated(work: Work) -> Answers:
    return (matched(work.data, work.pairs, []),)


def _match_and_adjust(work: Work) -> Answers:
    """Run the published analysis: covariates among the matched, pairs taken as strangers."""
    return (matched(work.data, work.pairs, clustered=False),)


def _match_treated_largest(work: Work) -> Answers:
    """Run what common software does unasked: treated men look for partners, largest score first.

    Where treated men outnumber the others, those with smaller scores never find one.
    """
    pairs = match_nearest(
        work.data, work.score, "treated", order="largest", on="score", accept_shortage=True
    )
    return (matched(work.data, pairs, []),)


def _standardised(target: Literal["ate", "att", "atc"]) -> Method:
    return Method(
        target, "marginal", lambda work: standardised(work.data, target=target, model=work.model)
    )


METHODS: Mapping[str, Method] = {
    "crude": Method("ate", "marginal", lambda work: crude(work.data)),
    "adjusted": Method("ate", "conditional", _adjusted, True),
    "firth": Method("ate", "conditional", lambda work: (firth(work.data),), True),
    "ps-covariate": Method("ate", "conditional", _with_score, True),
    "iptw-ate": _weighted("ate"),
    "iptw-att": _weighted("att"),
    "iptw-atc": _weighted("atc"),
    "iptw-ato": _weighted("ato"),
    "iptw-atm": _weighted("atm"),
    "iptw-ate-naive": _weighted("ate", "naive"),
    "iptw-ate-adjusted": Method("ate", "conditional", _weighted_and_adjusted, True),
    "matching": Method("atc", "marginal", _match_untreated, True),
    "matching-adjusted": Method("atc", "conditional", _match_and_adjust, True),
    "matching-treated-largest": Method("att", "marginal", _match_treated_largest, True),
    "standardised": _standardised("ate"),
    "standardised-att": _standardised("att"),
    "standardised-atc": _standardised("atc"),
    "aipw": Method("ate", "marginal", lambda work: aipw(work.data, work.score, model=work.model)),
    "tmle": Method("ate", "marginal", lambda work: tmle(work.data, work.score, model=work.model)),
}


def carry_out(work: Work, method: str, scales: Sequence[str]) -> Answers:
    """Run one method on a batch; keep the wanted scales.

    A replicate in which a method breaks down is one without an answer, never an error.
    """
    found = METHODS[method]
    with np.errstate(all="ignore"):
        answers = found.run(work)
    return tuple(each for each in answers if each.scale in found.scales(scales))


def answers_of(plan: StudyPlan) -> Iterator[tuple[str, str]]:
    """Yield the name and scale of every answer of a plan, in its order.

    >>> list(answers_of(StudyPlan(methods=("crude", "adjusted"), covariates=("age_years",))))
    [('crude', 'risk difference'), ('crude', 'odds ratio'), ('adjusted', 'odds ratio')]
    """
    for method in plan.methods:
        for scale in METHODS[method].scales(plan.scales):
            yield method, scale
    for name in subgroup_names(plan):
        yield name, SCALE
