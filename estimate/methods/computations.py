"""Computations of the methods of `estimate.methods.registry` that need more than one call."""

from collections.abc import Callable, Sequence
from typing import Literal

from estimate.causal.entropy_balancing import EntropyTarget, entropy_balanced
from estimate.causal.marginal import g_computation
from estimate.causal.matched_effects import matched_effects
from estimate.causal.matching import match_nearest
from estimate.causal.weighting import iptw, iptw_adjusted
from estimate.core.estimand import Target
from estimate.methods.shared_work import Answers, Work
from estimate.regression.adjustment import adjusted

#: Names of standard errors in plans for averages of an outcome model.
_OF_MODELS: dict[str, Literal["M-estimation", "robust", "delta"]] = {
    "M-estimation": "M-estimation", "HC0": "robust", "model": "delta",
}  # fmt: skip


def weighted_by_score(target: Target, name: str) -> Callable[[Work], Answers]:
    """Return marginal effects by inverse-probability weighting."""
    return lambda work: iptw(
        work.data, work.score, work.weights(target), errors=work.errors(name, "M-estimation")
    )


def weighted_by_balance(target: EntropyTarget, name: str) -> Callable[[Work], Answers]:
    """Return marginal effects by entropy balancing."""
    return lambda work: entropy_balanced(
        work.data, work.entropy(target), work.choices.propensity,
        errors=work.errors(name, "M-estimation"),
    )  # fmt: skip


def averaged_predictions(target: EntropyTarget, name: str) -> Callable[[Work], Answers]:
    """Return marginal effects by predictions of an outcome model."""

    def run(work: Work) -> Answers:
        errors = _OF_MODELS[work.errors(name, "M-estimation")]
        return g_computation(work.data, target=target, model=work.model, errors=errors)

    return run


def weighted_naively(work: Work) -> Answers:
    """Run weighting with unstabilised weights taken as counts of patients."""
    return iptw(work.data, work.score, work.weights("ate"), errors="naive")


def overlap_weighted_regression(name: str) -> Callable[[Work], Answers]:
    """Return a logistic regression on treatment and covariates under overlap weights."""

    def run(work: Work) -> Answers:
        errors = work.errors(name, "M-estimation")
        return [iptw_adjusted(work.data, work.score, work.weights("ato"), errors=errors)]

    return run


def published_weighted_regression(work: Work) -> Answers:
    """Run the published analysis: stabilised weights, covariates, weights taken as counts."""
    return [iptw_adjusted(work.data, work.score, work.weights("ate", stabilised=True))]


def regression_on_covariates(work: Work) -> Answers:
    """Run a logistic regression on treatment and covariates."""
    errors = work.errors("adjusted", "model")
    return [adjusted(work.data, profile=not work.pooled, errors=errors)]


def regression_on_score(name: str, covariates: Sequence[str] | None) -> Callable[[Work], Answers]:
    """Return a logistic regression on treatment, propensity score and covariates; None is all."""
    return lambda work: [
        adjusted(
            work.data, covariates, score=work.score.score, method=name, profile=not work.pooled
        )
    ]


def estimating_equations(work: Work) -> Answers:
    """Run generalised estimating equations."""
    from estimate.regression.estimating_equations import (
        clustered_odds_ratio,  # loads statsmodels, only for this method
    )

    return [clustered_odds_ratio(work.data)]


def within_pairs(work: Work) -> Answers:
    """Run a conditional logistic regression within matched pairs."""
    from estimate.causal.matched_pairs import paired  # loads scipy.stats, only for this method

    return [paired(work.data, work.pairs)]


def match_treated_largest(work: Work) -> Answers:
    """Run the default of common software: matching by decreasing score of the treated.

    If treated patients outnumber the others, those with smaller scores stay unmatched.
    """
    pairs = match_nearest(
        work.data, work.score, "treated", order="largest", on="score", accept_shortage=True
    )
    return matched_effects(work.data, pairs)
