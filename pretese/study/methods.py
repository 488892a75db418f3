"""Every method of a study plan, what it aims at, and how it is run on a batch of replicates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from estimate.adjustment import adjusted
from estimate.analysis_set import AnalysisSet
from estimate.contingency import crude
from estimate.marginal import aipw, standardised, tmle
from estimate.matching import match_nearest, matched
from estimate.propensity import PropensityScore, propensity
from estimate.result import Estimate
from estimate.weighting import Errors, Target, iptw, iptw_adjusted, weights

Answers = tuple[Estimate, ...]

#: Whether an effect is that in a population, or that given covariates in a regression.
Kind = Literal["marginal", "conditional"]


class Work:
    """An analysis set and what several methods share of it."""

    def __init__(self, data: AnalysisSet) -> None:
        self.data = data

    @cached_property
    def score(self) -> PropensityScore:
        """The propensity score on all covariates."""
        return propensity(self.data)


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


def _match_untreated(work: Work) -> Answers:
    pairs = match_nearest(
        work.data, work.score, "untreated", order="closest", on="logit", accept_shortage=True
    )
    return (matched(work.data, pairs, []),)


def _match_treated_largest(work: Work) -> Answers:
    """Run what common software does unasked: treated men look for partners, largest score first.

    Where treated men outnumber the others, those with smaller scores never find one.
    """
    pairs = match_nearest(
        work.data, work.score, "treated", order="largest", on="score", accept_shortage=True
    )
    return (matched(work.data, pairs, []),)


def _standardised(target: Literal["ate", "att", "atc"]) -> Method:
    return Method(target, "marginal", lambda work: standardised(work.data, target=target))


METHODS: Mapping[str, Method] = {
    "crude": Method("ate", "marginal", lambda work: crude(work.data)),
    "adjusted": Method("ate", "conditional", lambda work: (adjusted(work.data),), True),
    "ps-covariate": Method(
        "ate",
        "conditional",
        lambda work: (adjusted(work.data, score=work.score.score, method="ps-covariate"),),
        True,
    ),
    "iptw-ate": _weighted("ate"),
    "iptw-att": _weighted("att"),
    "iptw-atc": _weighted("atc"),
    "iptw-ato": _weighted("ato"),
    "iptw-atm": _weighted("atm"),
    "iptw-ate-naive": _weighted("ate", "naive"),
    "iptw-ate-adjusted": Method("ate", "conditional", _weighted_and_adjusted, True),
    "matching": Method("atc", "marginal", _match_untreated, True),
    "matching-treated-largest": Method("att", "marginal", _match_treated_largest, True),
    "standardised": _standardised("ate"),
    "standardised-att": _standardised("att"),
    "standardised-atc": _standardised("atc"),
    "aipw": Method("ate", "marginal", lambda work: aipw(work.data, work.score)),
    "tmle": Method("ate", "marginal", lambda work: tmle(work.data, work.score)),
}


def carry_out(work: Work, method: str, scales: Sequence[str]) -> Answers:
    """Run one method on a batch; keep the wanted scales.

    A replicate in which a method breaks down is one without an answer, never an error.
    """
    found = METHODS[method]
    with np.errstate(all="ignore"):
        answers = found.run(work)
    return tuple(each for each in answers if each.scale in found.scales(scales))
