"""Effects by subgroup in a study: the estimates of `pretese analyse` for every replicate.

The columns that a subgroup's own model can identify depend on its patients only, never on other
replicates of the batch. Replicates with the same columns are fitted together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.design_matrix import design_matrix
from estimate.core.estimand import Estimand
from estimate.core.matrices import independent_columns
from estimate.core.result import Estimate, Scale, wald
from estimate.heterogeneity.subgroups import effect_within, interaction_design, main_design
from estimate.imputation.pooled_tests import likelihood_ratio_test
from estimate.imputation.rubins_rules import pool_estimates
from estimate.plan.choices import Subgroup
from estimate.plan.explore import assign, group_labels
from estimate.regression.coefficient_limits import likelihood_ratio
from estimate.regression.logistic import fit_logistic
from estimate.regression.logistic_fit import LogisticFit
from pretese.recovery.design.study_spec import OF, StudyPlan, covariate_kind

#: The only scale: the effect in a subgroup is a coefficient.
SCALE: Scale = "odds ratio"

_NUMBERS = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "n")


def subgroup_names(plan: StudyPlan) -> tuple[str, ...]:
    """Return the names of all subgroup estimates: each group, and contrasts with the first.

    >>> plan = StudyPlan(
    ...     methods=("unadjusted",), covariates=("age_years",),
    ...     subgroups={"age": {"by": "age_years", "cut": "< 35"}},
    ... )
    >>> subgroup_names(plan)
    ('age: < 35', 'age: ≥ 35', 'age: ≥ 35 against < 35')
    """
    return tuple(answer for name, group in plan.subgroups.items() for answer in _names(name, group))


def _names(division: str, group: Subgroup) -> Iterator[str]:
    labels = [
        label.removeprefix(f"{group.by} ")
        for label in group_labels(group, covariate_kind(group.by))
    ]
    yield from (f"{division}{OF}{label}" for label in labels)
    yield from (f"{division}{OF}{label} against {labels[0]}" for label in labels[1:])


def divided(
    data: AnalysisSet, plan: StudyPlan, *, imputed: bool = False, profile: bool = True
) -> Iterator[Estimate]:
    """Yield every subgroup estimate over the replicates of a batch, named by its method.

    A replicate in which a group is empty has no estimate. The contrast of two groups has the
    p-value of their interaction test, by likelihood ratio or, after imputation, D4; of more
    groups, each contrast has Wald's.

    Parameters
    ----------
    data
        (replicate, patient), or (replicate, imputation, patient) if ``imputed``.
    profile
        False where neither intervals nor p-values are wanted.
    """
    for name, group in plan.subgroups.items():
        asked = list(_names(name, group))
        division = _Division.of(data, group)
        found: dict[int, Sequence[Estimate]] = {}
        for columns, rows in division.alike().items():
            answers = division.some(rows).answers(columns, imputed, profile)
            found |= {row: [each[place] for each in answers] for place, row in enumerate(rows)}
        for place, method in enumerate(asked):
            parts = [found.get(row) for row in range(len(data.treatment))]
            yield _joined(method, [None if part is None else part[place] for part in parts])


#: For each group the columns of its own model; last those of the joint model.
_Columns = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Division:
    """Replicates divided into groups: members of each group, (replicate, ..., patient)."""

    data: AnalysisSet
    members: tuple[Bools, ...]

    @classmethod
    def of(cls, data: AnalysisSet, group: Subgroup) -> "_Division":
        place, labels = assign(data, group)
        return cls(data, tuple(data.include & (place == g) for g in range(len(labels))))

    def some(self, rows: list[int]) -> "_Division":
        """Return the division of some replicates."""
        return _Division(self.data[rows], tuple(member[rows] for member in self.members))

    @property
    def modifier(self) -> Floats:
        """An indicator of every group but the first."""
        return np.stack([member.astype(float) for member in self.members[1:]], -1)

    def alike(self) -> dict[_Columns, list[int]]:
        """Return the replicates in which no group is empty, by the columns they identify."""
        design = design_matrix(self.data).X
        main, _ = main_design(self.data, self.modifier)
        found: dict[_Columns, list[int]] = {}
        for row in range(len(main)):
            here = [member[row] for member in self.members]
            if all(member.any() for member in here):
                own = [independent_columns(design[row], member, keep=2) for member in here]
                own.append(
                    independent_columns(main[row], self.data.include[row], keep=1 + len(here))
                )
                found.setdefault(tuple(map(tuple, own)), []).append(row)
        return found

    def answers(self, columns: _Columns, imputed: bool, profile: bool) -> list[Estimate]:
        """Return the effect in each group, and its contrast with the first."""
        data = self.data
        answers = [
            effect_within(data, member, "", profile=profile and not imputed, kept=kept)
            for member, kept in zip(self.members, columns, strict=False)
        ]
        design, tested = interaction_design(data, self.modifier, kept=columns[-1])
        fit = fit_logistic(design, data.outcome, data.weights)
        answers += _contrasts(data, fit, tested)
        if imputed:
            left = data.n.min(-1) - len(data.kinds) - 2
            answers = [pool_estimates(each, df_complete=left) for each in answers]
        if len(self.members) == 2 and profile:
            p_value = _test(data, design, fit, tested, imputed)
            answers[-1] = replace(answers[-1], p_value=p_value)
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
    question = Estimand("all patients", "", data.outcome_name, "ratio of odds ratios")
    for column in range(tested.start, tested.stop):
        error = np.sqrt(fit.cov[..., column, column])
        yield wald(
            question, "", SCALE, fit.coef[..., column], error, data.n, converged=fit.converged
        )


def _joined(method: str, parts: Sequence[Estimate | None]) -> Estimate:
    """Return one estimate over the replicates; None: no estimate."""
    nothing = wald(Estimand("", "", "", ""), method, SCALE, np.nan, np.nan, 0)
    each = [part or nothing for part in parts]
    arrays: dict[str, Any] = {name: np.stack([getattr(e, name) for e in each]) for name in _NUMBERS}
    converged = np.stack([e.converged for e in each])
    return replace(nothing, **arrays, converged=converged)
