"""METHODS: every analysis method, what it estimates, what it needs, and how it is run.

`pretese analyse`, `pretese recover` and `pretese power` read their methods here, so that one name
means one estimator everywhere. A new estimator is one entry, and a line in
``docs/how-to/analyse-your-own-table.md``.
"""

from collections.abc import Callable
from typing import Literal

from estimate.causal.marginal import aipw, g_computation, tmle
from estimate.causal.matching import match_nearest, matched
from estimate.causal.randomised_g_computation import randomised
from estimate.causal.weighting import Errors, iptw, iptw_adjusted
from estimate.comparison.contingency import unadjusted
from estimate.core.estimand import Target
from estimate.core.result import Estimate, Scale
from estimate.methods.method import Answers, Door, Method, Need
from estimate.methods.shared_work import Work
from estimate.regression.adjustment import adjusted
from estimate.regression.firth import firth
from estimate.regression.poisson import modified_poisson

_ODDS: tuple[Scale, ...] = ("odds ratio",)
_SCORE: frozenset[Need] = frozenset({"covariates", "propensity score"})
_MODEL: frozenset[Need] = frozenset({"covariates", "outcome model"})
_PAIRS: frozenset[Need] = frozenset({"covariates", "propensity score", "pairs"})
_ANALYSE: frozenset[Door] = frozenset({"analyse"})
_RECOVER: frozenset[Door] = frozenset({"recover"})
_POWER: frozenset[Door] = frozenset({"power"})
_EVERYWHERE: frozenset[Door] = _ANALYSE | _RECOVER | _POWER
_SHOWN_TO_FAIL = "it is here to show that it fails"
_OF_TRIALS = "it is computed from the arms, sites and strata of a planned trial"


def _weighted(target: Target, errors: Errors = "M-estimation") -> Callable[[Work], Answers]:
    return lambda work: iptw(work.data, work.score, work.weights(target), errors=errors)


def _weighted_and_adjusted(work: Work) -> Answers:
    """Run the published analysis: stabilised weights, covariates, weights taken as counts."""
    return [iptw_adjusted(work.data, work.score, work.weights("ate", stabilised=True))]


def _score_alone(work: Work) -> Answers:
    return [
        adjusted(
            work.data,
            [],
            score=work.score.score,
            method="ps-covariate-alone",
            profile=not work.pooled,
        )
    ]


def _score_beside_covariates(work: Work) -> Answers:
    """Run the published analysis: all covariates, and the score as one more."""
    return [
        adjusted(work.data, score=work.score.score, method="ps-covariate", profile=not work.pooled)
    ]


def _gee(work: Work) -> Estimate:
    from estimate.regression.estimating_equations import (
        clustered_odds_ratio,  # loads statsmodels, for it alone
    )

    return clustered_odds_ratio(work.data)


def _within_pairs(work: Work) -> Answers:
    from estimate.causal.matched_pairs import paired  # loads scipy.stats, for this method alone

    return [paired(work.data, work.pairs)]


def _match_treated_largest(work: Work) -> Answers:
    """Run the default of common software: treated patients are matched first, largest score first.

    Where treated patients outnumber the others, those with smaller scores find no partner.
    """
    pairs = match_nearest(
        work.data, work.score, "treated", order="largest", on="score", accept_shortage=True
    )
    return [matched(work.data, pairs, [])]


def _g_computation(target: Literal["ate", "att", "atc"]) -> Callable[[Work], Answers]:
    return lambda work: g_computation(work.data, target=target, model=work.model)


def _iptw(target: Target) -> Method:
    return Method(
        f"iptw-{target}", f"inverse-probability weighting ({target.upper()})", _weighted(target),
        target=target, needs=_SCORE, clusters=True, weighting=lambda work: work.weights(target),
    )  # fmt: skip


_ENTRIES = (
    Method("unadjusted",
           "comparison of two proportions without covariates; risk difference with score test and "
           "score interval (Farrington-Manning)",
           lambda work: unadjusted(work.observed), needs=frozenset(), offered=_EVERYWHERE,
           clusters=True),
    Method("adjusted", "logistic regression on treatment and covariates",
           lambda work: [adjusted(work.data, profile=not work.pooled)],
           given="covariates", scales=_ODDS, clusters=True),
    Method("gee", "logistic regression on treatment and covariates by generalised estimating "
           "equations, exchangeable within clusters",
           lambda work: [_gee(work)], given="covariates", scales=_ODDS,
           needs=frozenset({"clusters"}), offered=_ANALYSE,
           reason="it fits one data set at a time", clusters=True),
    Method("firth", "the same with Firth's penalty", lambda work: [firth(work.data)],
           given="covariates", scales=_ODDS),
    Method("modified-poisson", "Poisson regression with robust errors",
           lambda work: [modified_poisson(work.data)], given="covariates", scales=("risk ratio",),
           clusters=True),
    Method("ps-covariate", "logistic regression on treatment, covariates and propensity score",
           _score_beside_covariates, given="covariates", scales=_ODDS, needs=_SCORE,
           clusters=True),
    Method("ps-covariate-alone", "logistic regression on treatment and propensity score",
           _score_alone, given="propensity score", scales=_ODDS, needs=_SCORE, clusters=True),
    *(_iptw(target) for target in ("ate", "att", "atc", "ato", "atm")),
    Method("iptw-ate-naive", "weighting, weights taken as counts of patients",
           _weighted("ate", "naive"), needs=_SCORE, offered=_RECOVER, reason=_SHOWN_TO_FAIL),
    Method("iptw-ate-adjusted", "weighted logistic regression on treatment and covariates",
           _weighted_and_adjusted, given="covariates", scales=_ODDS, needs=_SCORE,
           weighting=lambda work: work.weights("ate", stabilised=True), balanced_as="iptw-ate"),
    Method("matching", "pairs matched on the propensity score",
           lambda work: [matched(work.data, work.pairs, [])],
           target="focal", scales=_ODDS, needs=_PAIRS, weighting=lambda work: work.pairs),
    Method("matching-adjusted", "logistic regression on treatment and covariates in matched pairs",
           lambda work: [matched(work.data, work.pairs, clustered=False)],
           target="focal", given="covariates", scales=_ODDS, needs=_PAIRS,
           weighting=lambda work: work.pairs, balanced_as="matching"),
    Method("matching-conditional", "conditional logistic regression within matched pairs",
           _within_pairs, target="focal", given="pair", scales=_ODDS, needs=_PAIRS,
           offered=_ANALYSE, reason="no true effect given the pair is known",
           weighting=lambda work: work.pairs, balanced_as="matching"),
    Method("matching-treated-largest", "pairs as software forms them by default",
           _match_treated_largest, target="att", scales=_ODDS, needs=_PAIRS, offered=_RECOVER,
           reason=_SHOWN_TO_FAIL),
    Method("g-computation", "g-computation (marginal standardisation) over all patients",
           _g_computation("ate"), needs=_MODEL, clusters=True),
    Method("g-computation-att", "g-computation over the treated", _g_computation("att"),
           target="att", needs=_MODEL, clusters=True),
    Method("g-computation-atc", "g-computation over the untreated", _g_computation("atc"),
           target="atc", needs=_MODEL, clusters=True),
    Method("g-computation-randomised",
           "g-computation with a logistic outcome model over all participants; Wald test "
           "with the variance of Ye et al., which uses the strata of the randomisation",
           lambda work: randomised(work.data, strata=work.choices.strata, small_sample=True),
           needs=_MODEL,
           offered=_EVERYWHERE),
    Method("aipw", "augmented inverse-probability weighting",
           lambda work: aipw(work.data, work.score, model=work.model), needs=_SCORE | _MODEL,
           clusters=True),
    Method("tmle", "targeted maximum likelihood",
           lambda work: tmle(work.data, work.score, model=work.model), needs=_SCORE | _MODEL,
           clusters=True),
    Method("mantel-haenszel",
           "risk difference pooled over strata (Mantel-Haenszel, Sato's variance); "
           "Cochran-Mantel-Haenszel test",
           scales=("risk difference",), needs=frozenset({"sites or strata"}), offered=_POWER,
           reason=_OF_TRIALS),
    Method("logistic", "logistic model; Wald test and interval on the log odds ratio",
           given="site or strata", scales=_ODDS, offered=_POWER, reason=_OF_TRIALS),
    Method("mixed", "logistic model with a normal intercept per site; Wald test and interval",
           given="site or strata", scales=_ODDS, needs=frozenset({"sites or strata"}),
           offered=_POWER, reason=_OF_TRIALS),
)  # fmt: skip

#: Every analysis method by name, in the order in which pages list them.
METHODS: dict[str, Method] = {method.name: method for method in _ENTRIES}
