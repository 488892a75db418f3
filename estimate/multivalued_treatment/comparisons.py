"""Comparison of each arm with the reference, by the methods for several arms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import expit

from estimate.causal.balance import Balance, balance
from estimate.comparison.contingency import unadjusted
from estimate.comparison.two_risks import Risks
from estimate.core.analysis_set import AnalysisSet
from estimate.core.columns import Numeric
from estimate.core.design_matrix import design_matrix
from estimate.core.estimand import POPULATIONS
from estimate.core.result import Estimate, wald
from estimate.methods.shared_work import Choices
from estimate.multivalued_treatment.generalised_score import (
    ArmMeans,
    SeveralTarget,
    generalised_score,
    several_weights,
    weighted_arms,
)
from estimate.outcomes.measurements import ancova, mean_difference
from estimate.regression.adjustment import adjusted
from estimate.regression.logistic import fit_logistic
from estimate.regression.poisson import modified_poisson
from estimate.regression.sandwich import scores

#: Answers of a method: for each arm but the reference, its estimates.
Run = Callable[[AnalysisSet, Choices], Sequence[Estimate]]


def versus(data: AnalysisSet, arm: int) -> str:
    """Return the words for an arm against the reference.

    >>> from types import SimpleNamespace
    >>> versus(SimpleNamespace(levels=("none", "hcg", "both")), 2)
    'both vs none'
    """
    return f"{data.levels[arm]} vs {data.levels[0]}"


def pair_of_arms(data: AnalysisSet, arm: int) -> AnalysisSet:
    """Return the patients of one arm and the reference, as two arms."""
    pair = data.keep(np.isin(data.treatment, (0, arm)), "in another arm")
    return replace(pair, treatment=(pair.treatment == arm) * 1.0, levels=(), reasons=data.reasons)


def one_arm_indicated(data: AnalysisSet, arm: int) -> AnalysisSet:
    """Return all patients, the arm as treatment and the other arms as covariates.

    The coefficient of treatment is then that of the arm against the reference.
    """
    others = [other for other in range(1, len(data.levels)) if other != arm]
    names = {f"{data.treatment_name}[{data.levels[other]}]": other for other in others}
    indicators = {name: (data.treatment == other) * 1.0 for name, other in names.items()}
    return replace(
        data,
        treatment=(data.treatment == arm) * 1.0,
        covariates={**indicators, **data.covariates},
        kinds={**dict.fromkeys(names, Numeric()), **data.kinds},
        levels=(),
    )


def _regression(run: Callable[[AnalysisSet], Estimate], measure: str) -> Run:
    def each(data: AnalysisSet, choices: Choices) -> Sequence[Estimate]:
        answers = []
        for arm in range(1, len(data.levels)):
            answer = run(one_arm_indicated(data, arm))
            given = ", ".join(data.kinds)
            summary = f"conditional {measure} given {given}" if given else measure
            answers.append(
                _labelled(
                    replace(answer, estimand=replace(answer.estimand, summary=summary)), data, arm
                )
            )
        return answers

    return each


def _in_pairs(run: Callable[[AnalysisSet], Sequence[Estimate]]) -> Run:
    def each(data: AnalysisSet, choices: Choices) -> Sequence[Estimate]:
        return [
            _labelled(answer, data, arm)
            for arm in range(1, len(data.levels))
            for answer in run(pair_of_arms(data, arm))
        ]

    return each


def _weighted(target: SeveralTarget) -> Run:
    def each(data: AnalysisSet, choices: Choices) -> Sequence[Estimate]:
        found = weighted_arms(data, generalised_score(data, choices.propensity), target)
        return compare_arms_of(data, found, f"iptw-{target}", POPULATIONS[target])

    return each


def _predicted(data: AnalysisSet, choices: Choices) -> Sequence[Estimate]:
    return compare_arms_of(data, predicted_arms(data), "g-computation", POPULATIONS["ate"])


def predicted_arms(data: AnalysisSet) -> ArmMeans:
    """Return the risks of g-computation: one logistic model with an indicator of each arm."""
    base = design_matrix(data, treatment=False).X
    arms = len(data.levels)
    own = (data.treatment[..., None] == np.arange(1, arms)) & data.include[..., None]
    X = np.concatenate([base, own], -1)
    fit = fit_logistic(X, data.outcome, data.weights)
    counted = data.include * (1.0 if data.sampling is None else data.sampling)
    share = counted / counted.sum(-1, keepdims=True)
    by_patient = scores(X, data.outcome, fit, data.weights) @ fit.cov
    means, influence = [], []
    for arm in range(arms):
        setting = np.broadcast_to(np.arange(1, arms) == arm, own.shape) & data.include[..., None]
        rows = np.concatenate([base, setting], -1)
        predicted = expit(np.einsum("...np,...p->...n", rows, fit.coef))
        mean = (share * predicted).sum(-1)
        slope = np.einsum("...n,...np->...p", share * predicted * (1 - predicted), rows)
        moved = np.einsum("...np,...p->...n", by_patient, slope)
        means.append(mean)
        influence.append(share * (predicted - mean[..., None]) + moved)
    units = data.by_unit(np.stack(influence, -1))
    size = np.stack([(data.include & (data.treatment == k)).sum(-1) for k in range(arms)], -1)
    return ArmMeans(
        np.stack(means, -1), units.swapaxes(-1, -2) @ units, size.astype(float), fit.converged
    )


def compare_arms_of(
    data: AnalysisSet, found: ArmMeans, method: str, population: str
) -> list[Estimate]:
    """Return each arm against the reference: three scales of risks, or differences of means."""
    answers: list[Estimate] = []
    label = data.labelled("Wald, M-estimation")
    for arm in range(1, len(data.levels)):
        at = [arm, 0]
        cov = found.cov[..., at, :][..., at]
        risks = Risks(
            found.mean[..., arm], found.mean[..., 0], cov, data.n, found.converged, data.df,
            found.size[..., at],
        )  # fmt: skip
        if data.outcome_kind == "binary":
            several: Sequence[Estimate] = risks.compare(data.question(population), method, label)
        else:
            variance = cov[..., 0, 0] + cov[..., 1, 1] - 2 * cov[..., 0, 1]
            several = [
                wald(
                    data.question(population, "marginal mean difference"), method,
                    "mean difference", risks.treated - risks.untreated, np.sqrt(variance), data.n,
                    interval=label, converged=found.converged, df=data.df,
                )
            ]  # fmt: skip
        answers += [_labelled(each, data, arm) for each in several]
    return answers


def _labelled(answer: Estimate, data: AnalysisSet, arm: int) -> Estimate:
    """Name the comparison in the method and in the estimand."""
    words = versus(data, arm)
    estimand = replace(answer.estimand, treatment=f"{data.treatment_name} {words}")
    return replace(answer, estimand=estimand, method=f"{answer.method}: {words}")


def balance_of_arms(
    data: AnalysisSet, choices: Choices, target: SeveralTarget | None
) -> dict[str, Balance]:
    """Return the balance of each arm against the reference, weighted or not."""
    weights = data.weights
    name = "unadjusted" if target is None else f"iptw-{target}"
    if target is not None:
        weights = several_weights(data, generalised_score(data, choices.propensity), target)
        weights = weights * (1.0 if data.sampling is None else data.sampling)
    return {
        f"{name}: {versus(data, arm)}": balance(pair_of_arms(data, arm), weights)
        for arm in range(1, len(data.levels))
    }


#: Methods of several arms, by kind of outcome; names are those of two arms.
SEVERAL: Mapping[str, Mapping[str, Run]] = {
    "binary": {
        "unadjusted": _in_pairs(unadjusted),
        "adjusted": _regression(adjusted, "odds ratio"),
        "modified-poisson": _regression(modified_poisson, "risk ratio"),
        "iptw-ate": _weighted("ate"),
        "iptw-ato": _weighted("ato"),
        "g-computation": _predicted,
    },
    "continuous": {
        "unadjusted": _in_pairs(lambda data: [mean_difference(data)]),
        "adjusted": _regression(ancova, "mean difference"),
        "iptw-ate": _weighted("ate"),
        "iptw-ato": _weighted("ato"),
    },
}
