"""Effects by subgroup in a study: what `pretese analyse` would print of every replicate.

Replicates are gone through one by one: which columns a subgroup's own model can hold depends on
its men alone, and must not depend on the replicates that happen to be worked on beside them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from estimate.analysis_set import AnalysisSet
from estimate.arrays import Floats
from estimate.estimand import Estimand
from estimate.grouping import assign, group_labels
from estimate.logistic import LogisticFit, fit_logistic
from estimate.plan_choices import Subgroup
from estimate.pool import pool_estimates
from estimate.pooled_tests import likelihood_ratio_test
from estimate.profile import likelihood_ratio
from estimate.result import Estimate, Scale, wald
from estimate.subgroups import effect_within, interaction_design
from pretese.study.spec import OF, StudyPlan, kind_of

#: The only scale: a subgroup's effect is a coefficient.
SCALE: Scale = "odds ratio"

_NUMBERS = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "n")


def subgroup_names(plan: StudyPlan) -> tuple[str, ...]:
    """Return the names of all answers about subgroups: each group's, and contrasts with the first.

    >>> plan = StudyPlan(
    ...     methods=("crude",), covariates=("age_years",),
    ...     subgroups={"age": {"by": "age_years", "cut": "< 35"}},
    ... )
    >>> subgroup_names(plan)
    ('age: age_years < 35', 'age: age_years ≥ 35', 'age: age_years ≥ 35 against age_years < 35')
    """
    return tuple(
        answer
        for name, group in plan.subgroups.items()
        for answer in _names(name, group_labels(group, kind_of(group.by)))
    )


def _names(division: str, labels: Sequence[str]) -> Iterator[str]:
    yield from (f"{division}{OF}{label}" for label in labels)
    yield from (f"{division}{OF}{label} against {labels[0]}" for label in labels[1:])


def divided(
    data: AnalysisSet, plan: StudyPlan, *, imputed: bool = False, profile: bool = True
) -> Iterator[Estimate]:
    """Yield every answer about subgroups over the replicates of a batch, named by its method.

    A replicate in which some group is empty has no answer. The contrast of two groups has the
    p-value of their interaction test, by likelihood ratio or, after imputation, D4; of more
    groups, each contrast has Wald's.

    Parameters
    ----------
    data
        (replicate, man), or (replicate, imputation, man) if ``imputed``.
    profile
        False where neither intervals nor p-values are wanted.
    """
    for name, group in plan.subgroups.items():
        asked = list(_names(name, group_labels(group, kind_of(group.by))))
        rows = [
            _one(data[row], name, group, imputed, profile) for row in range(len(data.treatment))
        ]
        for place, method in enumerate(asked):
            yield _joined(method, [None if row is None else row[place] for row in rows])


def _one(
    data: AnalysisSet, name: str, group: Subgroup, imputed: bool, profile: bool
) -> list[Estimate] | None:
    """Return the answers of one replicate in the order of their names, or None."""
    place, labels = assign(data, group)
    members = [data.include & (place == g) for g in range(len(labels))]
    if not all(member.any() for member in members):
        return None
    modifier = np.stack([member.astype(float) for member in members[1:]], -1)
    design, tested = interaction_design(data, modifier)
    fit = fit_logistic(design, data.outcome, data.weights)
    alone = [
        effect_within(data, member, label, profile=profile and not imputed)
        for member, label in zip(members, labels, strict=True)
    ]
    answers = [*alone, *_contrasts(data, fit, tested)]
    if imputed:
        left = data.n.min() - len(data.kinds) - 2
        answers = [pool_estimates(each, df_complete=left) for each in answers]
    if len(labels) == 2 and profile:
        answers[-1] = replace(answers[-1], p_value=_test(data, design, fit, tested, imputed))
    return answers


def _test(
    data: AnalysisSet, design: Floats, fit: LogisticFit, tested: slice, imputed: bool
) -> Floats:
    """Return the p-value of the interaction."""
    if imputed:
        return likelihood_ratio_test(design, data.outcome, tested, weights=data.weights).p_value
    columns = list(range(tested.start, tested.stop))
    p_value = likelihood_ratio(design, data.outcome, fit, columns, data.weights)[1]
    return np.where(fit.converged, p_value, np.nan)


def _contrasts(data: AnalysisSet, fit: LogisticFit, tested: slice) -> Iterator[Estimate]:
    """Yield, for every group but the first, the ratio of its odds ratio to that of the first."""
    question = Estimand("all men", "", data.outcome_name, "ratio of odds ratios")
    for column in range(tested.start, tested.stop):
        error = np.sqrt(fit.cov[..., column, column])
        yield wald(
            question, "", SCALE, fit.coef[..., column], error, data.n, converged=fit.converged
        )


def _joined(method: str, parts: Sequence[Estimate | None]) -> Estimate:
    """Return one estimate over the replicates; None is one without an answer."""
    nothing = wald(Estimand("", "", "", ""), method, SCALE, np.nan, np.nan, 0)
    each = [part or nothing for part in parts]
    arrays: dict[str, Any] = {name: np.stack([getattr(e, name) for e in each]) for name in _NUMBERS}
    converged = np.stack([e.converged for e in each])
    return replace(nothing, **arrays, converged=converged)
