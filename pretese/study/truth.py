"""True effects, from both potential outcomes of every man.

SATE: the effect in the very men of a replicate. PATE: the effect in the population they were
drawn from, by the same formula over large draws with luck of their own. The two differ by chance
alone; intervals are made for the second, and cover the first more often than they say.
"""

import numpy as np
from numpy.typing import NDArray

from estimate.design_matrix import design_matrix
from estimate.logistic import fit_logistic
from estimate.weighting import Target
from pretese.study.data import both_ways, population, potential_outcomes
from pretese.study.methods import METHODS, answers_of
from pretese.study.spec import StudyPlan
from pretese.study.subgroups import SCALE, divided, subgroup_names
from simulate.cohort import Cohort

Floats = NDArray[np.float64]

#: A true effect is named by whom it is for and how it is measured.
TruthName = tuple[str, str]


def truth_name(method: str, scale: str) -> TruthName:
    """Return the name of the true effect that a method aims at on a scale.

    >>> truth_name("iptw-att", "risk difference"), truth_name("adjusted", "odds ratio")
    (('att', 'risk difference'), ('conditional', 'odds ratio'))
    """
    if method not in METHODS:  # an answer about a subgroup has a truth of its own
        return method, scale
    found = METHODS[method]
    return ("conditional", scale) if found.kind == "conditional" else (found.target, scale)


def truths_of(plan: StudyPlan) -> tuple[TruthName, ...]:
    """Return the names of all true effects that a plan needs, each once, in a fixed order."""
    return tuple(sorted({truth_name(method, scale) for method, scale in answers_of(plan)}))


def true_effects(cohort: Cohort, plan: StudyPlan) -> dict[TruthName, Floats]:
    """Return every true effect of a plan in every replicate, (replicate,); ratios as logarithms.

    A conditional odds ratio, in all men or in a subgroup, is the coefficient that the plan's
    regression has when every man is in it twice, once along each way: what an endless randomised
    trial of these men would find.
    """
    groups = set(subgroup_names(plan))
    found: dict[TruthName, Floats] = {}
    for target, scale in truths_of(plan):
        if target == "conditional":
            found[target, scale] = _conditional(cohort, plan)
        elif target not in groups:
            found[target, scale] = _marginal(cohort, plan, target, scale)
    return found | _by_subgroup(cohort, plan)


def _marginal(cohort: Cohort, plan: StudyPlan, target: str, scale: str) -> Floats:
    weight = np.where(population(cohort, plan), _tilt(cohort, target), 0.0)
    total = weight.sum(-1)
    untreated, treated = (
        (weight * outcome).sum(-1) / total for outcome in potential_outcomes(cohort, plan)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale == "risk difference":
            return np.asarray(treated - untreated)
        if scale == "risk ratio":
            return np.asarray(np.log(treated / untreated))
        return np.asarray(np.log(treated / (1 - treated)) - np.log(untreated / (1 - untreated)))


def _tilt(cohort: Cohort, target: str) -> Floats:
    """Return how much each man counts in a target population (Li, Morgan, Zaslavsky 2018)."""
    e = cohort.propensity
    tilts: dict[Target, Floats] = {
        "ate": np.ones_like(e),
        "att": cohort.gn.astype(float),
        "atc": (~cohort.gn).astype(float),
        "ato": e * (1 - e),
        "atm": np.minimum(e, 1 - e),
    }
    return tilts[target]  # type: ignore[index]  # truth_name gives targets alone


def _conditional(cohort: Cohort, plan: StudyPlan) -> Floats:
    data = both_ways(cohort, plan)
    design = design_matrix(data)
    fit = fit_logistic(design.X, data.outcome, data.weights)
    coefficient = fit.coef[..., design.column("gn")]
    return np.where(fit.converged, coefficient, np.nan)


def _by_subgroup(cohort: Cohort, plan: StudyPlan) -> dict[TruthName, Floats]:
    """Return the effects in subgroups by what is true of the men, measured or not."""
    if not plan.subgroups:
        return {}
    answers = divided(both_ways(cohort, plan), plan, profile=False)
    return {(each.method, SCALE): np.log(each.estimate) for each in answers}
