"""True effects, from both potential outcomes of every patient.

SATE: the effect in the patients of a replicate. PATE: the effect in the population from which they
were sampled, by the same formula over large samples with random streams of their own. The two
differ by chance only; intervals are constructed for the PATE and cover the SATE more often than
nominally.
"""

import numpy as np
from numpy.typing import NDArray

from estimate.causal.propensity import propensity
from estimate.core.design_matrix import design_matrix
from estimate.core.estimand import Target
from estimate.methods.registry import METHODS
from estimate.regression.adjustment import adjusted
from estimate.regression.logistic import fit_logistic
from estimate.regression.poisson import modified_poisson
from pretese.recovery.design.study_spec import STRATEGY_STEPS, StudyPlan
from pretese.recovery.work.data import as_chosen, population, potential_outcomes, under_both_arms
from pretese.recovery.work.methods import methods_and_scales
from pretese.recovery.work.subgroup_effects import SCALE, divided, subgroup_names
from simulate.cohort.draw import Cohort

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: A true effect is named by its population and its scale.
TruthName = tuple[str, str]


def truth_name(plan: StudyPlan, method: str, scale: str) -> TruthName:
    """Return the name of the true effect that a method of a plan estimates on a scale.

    >>> plan = StudyPlan(
    ...     methods=("iptw-att", "adjusted", "matching"), covariates=("age_years",),
    ...     matching={"focal": "untreated"},
    ... )
    >>> truth_name(plan, "iptw-att", "risk difference"), truth_name(plan, "adjusted", "odds ratio")
    (('att', 'risk difference'), ('conditional', 'odds ratio'))
    >>> truth_name(plan, "matching", "odds ratio")
    ('atc', 'odds ratio')
    """
    if method in subgroup_names(plan):  # an estimate in a subgroup has its own true effect
        return method, scale
    if method in STRATEGY_STEPS:  # strategies are those of the arms
        return "ate", scale
    found = METHODS[method]
    if found.given is not None:
        return ("conditional" if found.given == "covariates" else f"given the {found.given}"), scale
    if found.target != "focal":
        return found.target, scale
    return ("att" if plan.matching.focal == "treated" else "atc"), scale


def truths_of(plan: StudyPlan) -> tuple[TruthName, ...]:
    """Return the names of all true effects that a plan needs, each once, in a fixed order."""
    return tuple(
        sorted({truth_name(plan, method, scale) for method, scale in methods_and_scales(plan)})
    )


def known_effects(cohort: Cohort, plan: StudyPlan) -> dict[TruthName, Floats]:
    """Return every true effect of a plan in every replicate, (replicate,); ratios as logarithms.

    A conditional effect, in all patients or in a subgroup, is the coefficient that the plan's
    regression has when every patient is in it twice, once under each arm: the limit of a
    randomised trial of these patients.
    """
    groups = set(subgroup_names(plan))
    outcomes, who = potential_outcomes(cohort, plan), population(cohort, plan)
    found: dict[TruthName, Floats] = {}
    for target, scale in truths_of(plan):
        if target == "conditional":
            found[target, scale] = _conditional(cohort, plan, scale)
        elif target == "given the propensity score":
            found[target, scale] = _given_score(cohort, plan)
        elif target not in groups:
            found[target, scale] = _marginal(cohort, outcomes, who, target, scale)
    return found | _by_subgroup(cohort, plan)


def _marginal(
    cohort: Cohort, outcomes: tuple[Flags, Flags], who: Flags, target: str, scale: str
) -> Floats:
    weight = np.where(who, _tilt(cohort, target), 0.0)
    total = weight.sum(-1)
    untreated, treated = ((weight * outcome).sum(-1) / total for outcome in outcomes)
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale == "risk difference":
            return np.asarray(treated - untreated)
        if scale == "risk ratio":
            return np.asarray(np.log(treated / untreated))
        return np.asarray(np.log(treated / (1 - treated)) - np.log(untreated / (1 - untreated)))


def _tilt(cohort: Cohort, target: str) -> Floats:
    """Return each patient's weight in a target population (Li, Morgan, Zaslavsky 2018)."""
    e = cohort.propensity
    tilts: dict[Target, Floats] = {
        "ate": np.ones_like(e),
        "att": cohort.gonadotropin_therapy.astype(float),
        "atc": (~cohort.gonadotropin_therapy).astype(float),
        "ato": e * (1 - e),
        "atm": np.minimum(e, 1 - e),
    }
    return tilts[target]  # type: ignore[index]  # truth_name returns only targets


def _conditional(cohort: Cohort, plan: StudyPlan, scale: str) -> Floats:
    """Return the effect given all covariates of the plan."""
    data = under_both_arms(cohort, plan)
    if scale == "risk ratio":
        answer = modified_poisson(data)
        return np.where(answer.converged, np.log(answer.estimate), np.nan)
    design = design_matrix(data)
    fit = fit_logistic(design.X, data.outcome, data.weights)
    coefficient = fit.coef[..., design.column("gonadotropin_therapy")]
    return np.where(fit.converged, coefficient, np.nan)


def _given_score(cohort: Cohort, plan: StudyPlan) -> Floats:
    """Return the effect given the propensity score on the true covariates of the plan."""
    score = propensity(as_chosen(cohort, plan)).score
    twice = np.concatenate([score, score], axis=-1)
    answer = adjusted(under_both_arms(cohort, plan), [], score=twice, profile=False)
    return np.where(answer.converged, np.log(answer.estimate), np.nan)


def _by_subgroup(cohort: Cohort, plan: StudyPlan) -> dict[TruthName, Floats]:
    """Return the effects in subgroups by true covariates, measured or not."""
    if not plan.subgroups:
        return {}
    answers = divided(under_both_arms(cohort, plan), plan, profile=False)
    return {(each.method, SCALE): np.log(each.estimate) for each in answers}
