"""Heterogeneity of the treatment effect: interaction tests and effects by subgroup.

The p-value within a subgroup is not a test of heterogeneity; the interaction test is, and it needs
adjustment for the number of subgroups (`adjust_p_values`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.design_matrix import design_matrix
from estimate.core.matrices import independent_columns
from estimate.core.result import Estimate, wald
from estimate.regression.coefficient_limits import likelihood_ratio
from estimate.regression.logistic import fit_logistic
from estimate.regression.odds_ratio import from_logistic
from estimate.regression.splines import wald_chi2
from protocol.errors import InputError

Correction = Literal["Holm", "Benjamini-Hochberg", "Bonferroni"]


@dataclass(frozen=True, slots=True)
class Interaction:
    """Tests that the treatment's log odds ratio does not depend on the modifier; shape (...)."""

    df: int
    likelihood_ratio: Floats
    p_value: Floats
    wald: Floats
    wald_p_value: Floats
    converged: Bools


@dataclass(frozen=True, slots=True)
class Subgroups:
    """Effects of treatment by subgroup; counts are (..., subgroup, arm), arm 0 untreated.

    Attributes
    ----------
    separate
        Odds ratio from a separate model of each subgroup: profile interval.
    joint
        Odds ratio from one model of all patients with interaction: the other coefficients are
        shared, so these differ from ``separate``; Wald interval.
    interaction
        Test of the joint model.
    heterogeneity, heterogeneity_p
        Chi-square of the differences between the separate log odds ratios (for two subgroups the
        squared z of Altman DG, Bland JM. *BMJ* 2003;326:219).
    """

    labels: tuple[str, ...]
    patients: Ints
    events: Ints
    separate: tuple[Estimate, ...]
    joint: tuple[Estimate, ...]
    interaction: Interaction
    heterogeneity: Floats
    heterogeneity_p: Floats


def interaction_design(
    data: AnalysisSet,
    modifier: ArrayLike,
    covariates: Sequence[str] | None = None,
    *,
    kept: Sequence[int] | None = None,
) -> tuple[Floats, slice]:
    """Return the joint design (..., n, p), and which columns are the interaction.

    Columns: intercept, treatment, modifier, covariates, treatment x modifier. Covariates that are
    equivalent to the modifier (the diagnosis and "not idiopathic") are dropped. After multiple
    imputation both go into `estimate.imputation.pooled_tests.likelihood_ratio_test`.

    Parameters
    ----------
    modifier
        (..., n, k): a number, or an indicator per subgroup but the first.
    kept
        Columns of `main_design` to keep; None keeps those that are not redundant in all data sets.
    """
    main, columns = main_design(data, modifier, covariates)
    if kept is None:
        kept = independent_columns(main, data.weights, keep=2 + columns.shape[-1])
    main = main[..., list(kept)]
    X = np.concatenate([main, columns * data.treatment[..., None]], -1)
    return X, slice(main.shape[-1], X.shape[-1])


def main_design(
    data: AnalysisSet, modifier: ArrayLike, covariates: Sequence[str] | None = None
) -> tuple[Floats, Floats]:
    """Return intercept, treatment, modifier (..., n, k), covariates; and the modifier itself."""
    base = design_matrix(data, covariates).X
    columns = np.asarray(modifier, float)
    shape = np.broadcast_shapes(base.shape[:-1], columns.shape[:-1])
    stay = data.include[..., None]
    columns = np.where(stay, np.broadcast_to(columns, (*shape, columns.shape[-1])), 0.0)
    parts = [base[..., :2], columns, base[..., 2:]]
    main = np.concatenate([np.broadcast_to(p, (*shape, p.shape[-1])) for p in parts], -1)
    return main, columns


def interaction_test(
    data: AnalysisSet, modifier: ArrayLike, covariates: Sequence[str] | None = None
) -> Interaction:
    """Test treatment x modifier, adjusted for covariates, by likelihood ratio and Wald.

    See `interaction_design`; several modifier columns are tested together.
    """
    X, tested = interaction_design(data, modifier, covariates)
    return _test(X, data, tested)


def _test(X: Floats, data: AnalysisSet, tested: slice) -> Interaction:
    fit = fit_logistic(X, data.outcome, data.weights)
    columns = list(range(tested.start, tested.stop))
    ratio, p_value = likelihood_ratio(X, data.outcome, fit, columns, data.weights)
    chi2 = wald_chi2(fit, tested)
    k = len(columns)
    return Interaction(
        k,
        np.where(fit.converged, ratio, np.nan),
        np.where(fit.converged, p_value, np.nan),
        chi2,
        np.asarray(special.chdtrc(k, chi2)),
        fit.converged,
    )


def subgroup_effects(
    data: AnalysisSet,
    group: ArrayLike,
    labels: Sequence[str],
    covariates: Sequence[str] | None = None,
    *,
    profile: bool = True,
) -> Subgroups:
    """Estimate the treatment's odds ratio in each subgroup, and test whether they differ.

    Parameters
    ----------
    group
        (..., n) subgroup of each patient, 0 ... k - 1.
    labels
        k names, for example ("age under 35", "age 35 or more").
    covariates
        Names; None takes all of the analysis set. In a subgroup's own model, columns without
        variation there are dropped.
    profile
        As for `estimate.comparison.odds_ratio.from_logistic`, for ``separate``.

    Raises
    ------
    InputError
        If a subgroup is empty in every data set, or a code has no label.
    """
    group = np.broadcast_to(np.asarray(group), data.include.shape)
    members = [data.include & (group == g) for g in range(len(labels))]
    _check(group, data.include, members, labels)
    counts = [_count(data, m) for m in members]
    separate = tuple(
        effect_within(data, m, label, covariates, profile=profile)
        for m, label in zip(members, labels, strict=True)
    )
    modifier = np.stack([m.astype(float) for m in members[1:]], -1)
    X, tested = interaction_design(data, modifier, covariates)
    logs = np.stack([np.log(each.estimate) for each in separate], -1)
    precision = np.stack([1 / each.std_error**2 for each in separate], -1)
    mean = (precision * logs).sum(-1, keepdims=True) / precision.sum(-1, keepdims=True)
    variation = (precision * (logs - mean) ** 2).sum(-1)
    return Subgroups(
        tuple(labels),
        np.stack([c[0] for c in counts], -2),
        np.stack([c[1] for c in counts], -2),
        separate,
        _together(data, X, tested, labels, members, covariates),
        _test(X, data, tested),
        variation,
        np.asarray(special.chdtrc(len(labels) - 1, variation)),
    )


def _check(group: Ints, include: Bools, members: Sequence[Bools], labels: Sequence[str]) -> None:
    if len(labels) < 2:
        raise InputError.of("subgroups", "labels", f"{len(labels)} given", "name at least two")
    if not np.isin(group[include], np.arange(len(labels))).all():
        cure = f"code them 0 to {len(labels) - 1}"
        raise InputError.of("subgroups", "group", "some patients are in no labelled subgroup", cure)
    for member, label in zip(members, labels, strict=True):
        if not member.any():
            raise InputError.of("subgroups", label, "no patient is in it", "choose another cut")


def _count(data: AnalysisSet, member: Bools) -> tuple[Ints, Ints]:
    """Return patients and patients with the outcome, by arm, (..., 2)."""
    arms = [member & (data.treatment == a) for a in (0, 1)]
    patients = np.stack([np.count_nonzero(a, axis=-1) for a in arms], -1)
    events = np.stack([np.count_nonzero(a & (data.outcome == 1), axis=-1) for a in arms], -1)
    return patients, events


def effect_within(
    data: AnalysisSet,
    member: Bools,
    label: str,
    covariates: Sequence[str] | None = None,
    *,
    profile: bool = True,
    kept: Sequence[int] | None = None,
) -> Estimate:
    """Return the odds ratio within one subgroup; ``member`` (..., n) marks its patients.

    Parameters
    ----------
    kept
        Columns of the design to keep; None keeps those that are not redundant in all data sets.
    """
    X = design_matrix(data, covariates).X
    weights = member.astype(float)
    X = X[..., independent_columns(X, weights, keep=2) if kept is None else list(kept)]
    # Patients of other subgroups stay in the array with weight 0 and finite values.
    fit = fit_logistic(X, data.outcome, weights)
    question = data.conditional_question(covariates, label)
    n = np.count_nonzero(member, axis=-1)
    return from_logistic(
        fit, X, data.outcome, 1, question, "subgroup alone", n=n, weights=weights, profile=profile
    )


def _together(
    data: AnalysisSet,
    X: Floats,
    tested: slice,
    labels: Sequence[str],
    members: Sequence[Bools],
    covariates: Sequence[str] | None,
) -> tuple[Estimate, ...]:
    fit = fit_logistic(X, data.outcome, data.weights)
    answers = []
    for g, (label, member) in enumerate(zip(labels, members, strict=True)):
        contrast = np.zeros(X.shape[-1])
        contrast[1] = 1.0
        if g > 0:
            contrast[tested.start + g - 1] = 1.0
        variance = np.einsum("p,...pq,q->...", contrast, fit.cov, contrast)
        answers.append(
            wald(
                data.conditional_question(covariates, label),
                "joint model with interaction",
                "odds ratio",
                np.einsum("...p,p->...", fit.coef, contrast),
                np.sqrt(variance),
                np.count_nonzero(member, axis=-1),
                converged=fit.converged,
            )
        )
    return tuple(answers)


def adjust_p_values(p: ArrayLike, correction: Correction = "Holm") -> Floats:
    """Adjust p-values (..., k) for the k tests of each family; NaN stays NaN and counts as a test.

    Holm and Bonferroni bound the probability of any false positive, Benjamini-Hochberg the false
    discovery rate (*J R Stat Soc B* 1995;57:289-300).

    Examples
    --------
    >>> adjust_p_values([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = np.asarray(p, float)
    k = p.shape[-1]
    if correction == "Bonferroni":
        return np.asarray(np.minimum(1, k * p))
    order = np.argsort(p, axis=-1)
    ranked = np.take_along_axis(p, order, -1)
    if correction == "Holm":
        ranked = np.maximum.accumulate(ranked * np.arange(k, 0, -1), axis=-1)
    else:
        ranked = ranked * k / np.arange(1, k + 1)
        ranked = np.minimum.accumulate(np.where(np.isnan(ranked), np.inf, ranked)[..., ::-1], -1)
        ranked = ranked[..., ::-1]
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.minimum(1, ranked), -1)
    return np.where(np.isnan(p), np.nan, adjusted)
