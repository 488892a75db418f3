"""METHODS: every analysis method with its estimand, requirements and computation.

`pretese analyse`, `pretese recover` and `pretese power` read their methods here, so that one name
means one estimator everywhere. A new estimator is one entry, and a line in
``docs/how-to/analyse-your-own-table.md``.
"""

from collections.abc import Callable
from typing import Literal

from estimate.causal.entropy_balancing import EntropyTarget, entropy_balanced
from estimate.causal.marginal import aipw, g_computation, tmle
from estimate.causal.matched_effects import matched, matched_effects
from estimate.causal.matching import match_nearest
from estimate.causal.randomised_g_computation import randomised
from estimate.causal.weighting import iptw, iptw_adjusted
from estimate.comparison.contingency import unadjusted
from estimate.comparison.count_tests import CountMethod, compare_by_counts
from estimate.core.estimand import Target
from estimate.core.result import Estimate, Scale
from estimate.methods.method import Answers, Door, Method, Need
from estimate.methods.shared_work import Work
from estimate.regression.adjustment import adjusted
from estimate.regression.firth import firth
from estimate.regression.poisson import modified_poisson

_ODDS: tuple[Scale, ...] = ("odds ratio",)
_ENTROPY: tuple[EntropyTarget, ...] = ("ate", "att", "atc")
_SCORE: frozenset[Need] = frozenset({"covariates", "propensity score"})
_MODEL: frozenset[Need] = frozenset({"covariates", "outcome model"})
_PAIRS: frozenset[Need] = frozenset({"covariates", "propensity score", "pairs"})
_ANALYSE: frozenset[Door] = frozenset({"analyse"})
_RECOVER: frozenset[Door] = frozenset({"recover"})
_POWER: frozenset[Door] = frozenset({"power"})
_EVERYWHERE: frozenset[Door] = _ANALYSE | _RECOVER | _POWER
_SLOW = "it takes a second for each table of hundreds of patients"
_SHOWN_TO_FAIL = "it is included to show that it fails"
_OF_TRIALS = "it is computed from the arms, sites and strata of a planned trial"


def _weighted(target: Target, name: str) -> Callable[[Work], Answers]:
    return lambda work: iptw(
        work.data, work.score, work.weights(target), errors=work.errors(name, "M-estimation")
    )


def _naively_weighted(work: Work) -> Answers:
    return iptw(work.data, work.score, work.weights("ate"), errors="naive")


def _weighted_overlap_adjusted(work: Work) -> Answers:
    """Run a logistic regression on treatment and covariates under overlap weights."""
    errors = work.errors("iptw-ato-adjusted", "M-estimation")
    found = iptw_adjusted(work.data, work.score, work.weights("ato"), errors=errors)
    return [found]


def _balanced(target: EntropyTarget) -> Callable[[Work], Answers]:
    return lambda work: entropy_balanced(
        work.data, work.entropy(target), work.choices.propensity,
        errors=work.errors(f"entropy-{target}", "M-estimation"),
    )  # fmt: skip


def _adjusted(work: Work) -> Answers:
    errors = work.errors("adjusted", "model")
    return [adjusted(work.data, profile=not work.pooled, errors=errors)]


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
    """Run the published analysis: all covariates, and the score as a further covariate."""
    return [
        adjusted(work.data, score=work.score.score, method="ps-covariate", profile=not work.pooled)
    ]


def _gee(work: Work) -> Estimate:
    from estimate.regression.estimating_equations import (
        clustered_odds_ratio,  # loads statsmodels, only for this method
    )

    return clustered_odds_ratio(work.data)


def _within_pairs(work: Work) -> Answers:
    from estimate.causal.matched_pairs import paired  # loads scipy.stats, only for this method

    return [paired(work.data, work.pairs)]


def _match_treated_largest(work: Work) -> Answers:
    """Run the default of common software: matching by decreasing score of the treated.

    If treated patients outnumber the others, those with smaller scores stay unmatched.
    """
    pairs = match_nearest(
        work.data, work.score, "treated", order="largest", on="score", accept_shortage=True
    )
    return matched_effects(work.data, pairs)


def _g_computation(target: EntropyTarget) -> Method:
    name = "g-computation" if target == "ate" else f"g-computation-{target}"

    def run(work: Work) -> Answers:
        errors = _OF_MODELS[work.errors(name, "M-estimation")]
        return g_computation(work.data, target=target, model=work.model, errors=errors)

    return Method(
        name, f"g-computation {_OVER[target]}", run, target=target, needs=_MODEL, clusters=True,
        sampling=True, errors=("M-estimation", "HC0", "model", "bootstrap"),
    )  # fmt: skip


#: Populations over which predictions of an outcome model are averaged.
_OVER: dict[EntropyTarget, str] = {
    "ate": "(marginal standardisation) over all patients", "att": "over the treated",
    "atc": "over the untreated",
}  # fmt: skip

#: Names of standard errors in plans for averages of an outcome model.
_OF_MODELS: dict[str, Literal["M-estimation", "robust", "delta"]] = {
    "M-estimation": "M-estimation", "HC0": "robust", "model": "delta",
}  # fmt: skip


def _iptw(target: Target) -> Method:
    name = f"iptw-{target}"
    return Method(
        name, f"inverse-probability weighting ({target.upper()})", _weighted(target, name),
        target=target, needs=_SCORE, clusters=True, sampling=True,
        errors=("M-estimation", "HC0", "HC1", "HC3", "survey", "bootstrap"),
        weighting=lambda work: work.weights(target),
    )  # fmt: skip


def _entropy(target: EntropyTarget) -> Method:
    return Method(
        f"entropy-{target}", f"entropy balancing ({target.upper()})", _balanced(target),
        target=target, clusters=True, sampling=True, errors=("M-estimation", "HC0", "bootstrap"),
        weighting=lambda work: work.entropy(target),
    )  # fmt: skip


def _by_counts(
    name: CountMethod, label: str, scale: Scale, offered: frozenset[Door], reason: str = ""
) -> Method:
    return Method(
        name, label, lambda work: [compare_by_counts(work.observed, name)], scales=(scale,),
        needs=frozenset(), offered=offered, reason=reason,
    )  # fmt: skip


_ENTRIES = (
    Method("unadjusted",
           "comparison of two proportions without covariates; risk difference with score test and "
           "score interval (Farrington-Manning)",
           lambda work: unadjusted(work.observed), needs=frozenset(), offered=_EVERYWHERE,
           clusters=True, sampling=True),
    _by_counts("risk-ratio", "ratio of two risks without covariates; score test and Koopman's "
               "score interval", "risk ratio", _EVERYWHERE),
    _by_counts("fisher", "Fisher's exact test; conditional odds ratio with exact interval",
               "odds ratio", _EVERYWHERE),
    _by_counts("fisher-mid-p", "Fisher's test with mid-p-value; conditional odds ratio with mid-p "
               "interval", "odds ratio", _EVERYWHERE),
    _by_counts("barnard", "Barnard's exact unconditional test of two proportions, tables ordered "
               "by the pooled z; risk difference with score interval", "risk difference",
               _ANALYSE | _POWER, _SLOW),
    _by_counts("boschloo", "Boschloo's exact unconditional test of two proportions, tables "
               "ordered by Fisher's p-value; risk difference with score interval",
               "risk difference", _ANALYSE | _POWER, _SLOW),
    Method("adjusted", "logistic regression on treatment and covariates",
           _adjusted, given="covariates", scales=_ODDS, clusters=True, sampling=True,
           errors=("model", "HC0", "HC1", "HC2", "HC3", "survey", "bootstrap")),
    Method("gee", "logistic regression on treatment and covariates by generalised estimating "
           "equations, exchangeable within clusters",
           lambda work: [_gee(work)], given="covariates", scales=_ODDS,
           needs=frozenset({"clusters"}), offered=_ANALYSE,
           reason="it fits one data set at a time", clusters=True),
    Method("firth", "the same with Firth's penalty", lambda work: [firth(work.data)],
           given="covariates", scales=_ODDS),
    Method("modified-poisson", "Poisson regression with robust errors",
           lambda work: [
               modified_poisson(work.data, errors=work.errors("modified-poisson", "HC0"))
           ],
           given="covariates", scales=("risk ratio",), clusters=True, sampling=True,
           errors=("HC0", "HC1", "bootstrap")),
    Method("ps-covariate", "logistic regression on treatment, covariates and propensity score",
           _score_beside_covariates, given="covariates", scales=_ODDS, needs=_SCORE,
           clusters=True),
    Method("ps-covariate-alone", "logistic regression on treatment and propensity score",
           _score_alone, given="propensity score", scales=_ODDS, needs=_SCORE, clusters=True),
    *(_iptw(target) for target in ("ate", "att", "atc", "ato", "atm")),
    Method("iptw-ate-naive", "weighting, unstabilised weights taken as counts of patients",
           _naively_weighted, needs=_SCORE, offered=_RECOVER, reason=_SHOWN_TO_FAIL),
    Method("iptw-ate-adjusted", "weighted logistic regression on treatment and covariates",
           _weighted_and_adjusted, given="covariates", scales=_ODDS, needs=_SCORE,
           weighting=lambda work: work.weights("ate", stabilised=True), balanced_as="iptw-ate"),
    Method("iptw-ato-adjusted",
           "logistic regression on treatment and covariates under overlap weights",
           _weighted_overlap_adjusted, target="ato", given="covariates", scales=_ODDS,
           needs=_SCORE, errors=("M-estimation", "HC0", "HC1", "HC3", "bootstrap"),
           weighting=lambda work: work.weights("ato"), balanced_as="iptw-ato"),
    *(_entropy(target) for target in _ENTROPY),
    Method("matching", "matching on the propensity score; errors clustered by matched set",
           lambda work: matched_effects(work.data, work.pairs),
           target="focal", needs=_PAIRS, weighting=lambda work: work.pairs),
    Method("matching-adjusted", "logistic regression on treatment and covariates in matched pairs",
           lambda work: [matched(work.data, work.pairs, clustered=False)],
           target="focal", given="covariates", scales=_ODDS, needs=_PAIRS,
           weighting=lambda work: work.pairs, balanced_as="matching"),
    Method("matching-conditional", "conditional logistic regression within matched pairs",
           _within_pairs, target="focal", given="pair", scales=_ODDS, needs=_PAIRS,
           offered=_ANALYSE, reason="no true effect given the pair is known",
           weighting=lambda work: work.pairs, balanced_as="matching"),
    Method("matching-treated-largest", "pairs as software forms them by default",
           _match_treated_largest, target="att", needs=_PAIRS, offered=_RECOVER,
           reason=_SHOWN_TO_FAIL),
    *(_g_computation(target) for target in _ENTROPY),
    Method("g-computation-randomised",
           "g-computation with a logistic outcome model over all participants; Wald test "
           "with the variance of Ye et al., which uses the strata of the randomisation",
           lambda work: randomised(work.data, strata=work.choices.strata, small_sample=True),
           needs=_MODEL,
           offered=_EVERYWHERE),
    Method("aipw", "augmented inverse-probability weighting",
           lambda work: aipw(work.data, work.score, model=work.model), needs=_SCORE | _MODEL,
           clusters=True, errors=("M-estimation", "bootstrap")),
    Method("tmle", "targeted maximum likelihood",
           lambda work: tmle(work.data, work.score, model=work.model), needs=_SCORE | _MODEL,
           clusters=True, errors=("M-estimation", "bootstrap")),
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
