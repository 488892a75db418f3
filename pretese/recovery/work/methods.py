"""Run the methods of a study plan on a batch of replicates, and name their estimates."""

from collections.abc import Iterator, Sequence

import numpy as np

from estimate.methods.registry import METHODS
from estimate.methods.run_method import run_method
from estimate.methods.shared_work import Answers, Work
from pretese.recovery.design.study_spec import STRATEGY_STEPS, StudyPlan
from pretese.recovery.work.data import before_imputation, imputed, observed
from pretese.recovery.work.subgroup_effects import SCALE, subgroup_names
from simulate.cohort.draw import Cohort


def work_of(cohort: Cohort, plan: StudyPlan) -> Work:
    """Return the analysis sets of a plan for the replicates of a cohort.

    Methods without covariates use every patient with a known outcome, imputed or not.
    """
    if plan.missing.method != "mice":
        return Work(observed(cohort, plan), choices=plan.choices, replicates=True)
    return Work(
        imputed(cohort, plan),
        observed=before_imputation(cohort, plan),
        choices=plan.choices,
        pooled=True,
        replicates=True,
    )


def carry_out(work: Work, method: str, scales: Sequence[str]) -> Answers:
    """Run one method on a batch; keep the wanted scales.

    A replicate in which a method does not converge has no estimate; it never raises.
    """
    found = METHODS[method]
    with np.errstate(all="ignore"):
        answers = run_method(found, work)
    return tuple(each for each in answers if each.scale in found.answered(scales))


def methods_and_scales(plan: StudyPlan) -> Iterator[tuple[str, str]]:
    """Yield the name and scale of every estimate of a plan, in its order.

    >>> plan = StudyPlan(methods=("unadjusted", "adjusted"), covariates=("age_years",))
    >>> list(methods_and_scales(plan))
    [('unadjusted', 'risk difference'), ('unadjusted', 'odds ratio'), ('adjusted', 'odds ratio')]
    """
    for method in plan.methods:
        for scale in METHODS[method].answered(plan.scales):
            yield method, scale
    for name in subgroup_names(plan):
        yield name, SCALE
    if plan.strategies is not None:
        yield from ((step, scale) for step in STRATEGY_STEPS for scale in plan.scales)
