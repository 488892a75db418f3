"""Reasons why a model could not be fitted, and cautions on the results."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from estimate.causal.balance import Balance
from estimate.causal.propensity import PropensityScore
from estimate.core.analysis_set import AnalysisSet
from estimate.core.clusters import names_identifier
from estimate.core.columns import Numeric
from estimate.core.design_matrix import design_matrix
from estimate.core.matrices import collinear_groups, independent_columns
from estimate.imputation.chain import Imputation
from estimate.imputation.complete_data import CompleteData
from estimate.methods.registry import METHODS
from estimate.plan.spec import Plan
from estimate.regression.logistic import fit_logistic

#: Clusters below which cluster-robust errors are too small (Cameron AC, Miller DL. *J Hum Resour*
#: 2015;50:317-72, section VI).
FEW_CLUSTERS = 40

#: Absolute standardised difference after matching or weighting that counts as imbalance.
IMBALANCE = 0.25


def remarks(data: AnalysisSet, score: PropensityScore | None) -> tuple[str, ...]:
    """Return reasons why the models with all covariates cannot be fitted; empty if there are none.

    With several imputations, one failure suffices.

    Examples
    --------
    >>> from estimate.core.complete_cases import analysis_set
    >>> from estimate.core.columns import Numeric
    >>> patients = {"therapy": [0, 1] * 4, "y": [0, 0, 1, 1] * 2, "cm": [1, 2, 3, 4, 5, 6, 7, 9]}
    >>> patients["mm"] = [10 * cm for cm in patients["cm"]]
    >>> data = analysis_set(
    ...     patients, treatment="therapy", outcome="y",
    ...     covariates={"cm": Numeric(), "mm": Numeric()},
    ... )
    >>> remarks(data, None)
    ('mm is a linear combination of the columns before it; leave it out of the covariates',)
    """
    design = design_matrix(data)
    kept = independent_columns(design.X, data.weights)
    redundant = [name for i, name in enumerate(design.names) if i not in kept]
    fewest, columns = int(data.n.min()), len(design.names)
    if fewest <= columns:
        return (f"{fewest} patients are too few for a model of {columns} coefficients",)
    if redundant:
        cure = "leave it out of the covariates"
        return tuple(
            f"{name} is a linear combination of the columns before it; {cure}" for name in redundant
        )
    found = []
    if score is not None and score.fit.separated.any():
        found.append("the covariates separate the arms completely (positivity is violated)")
    if fit_logistic(design.X, data.outcome, data.weights).separated.any():
        found.append(
            "treatment and covariates separate the outcome completely: odds ratios have no finite "
            "estimate; `firth` has"
        )
    return tuple(found)


def cautions(
    columns: Any, whole: CompleteData, plan: Plan, balances: Mapping[str, Balance]
) -> tuple[str, ...]:
    """Return cautions about clusters, balance and imputation; empty if there are none."""
    return (
        *_about_outcome(whole, plan),
        *_about_identifiers(columns, whole, plan),
        *_about_clusters(whole, plan),
        *_about_balance(balances),
        *_about_collinearity(whole),
        *_about_mediators(plan),
    )


def _about_mediators(plan: Plan) -> Iterator[str]:
    """Warn of confounders of mediator and outcome that treatment may change."""
    for name, asked in plan.mediators.items():
        if asked.post_treatment:
            yield (
                f"{name}: {', '.join(asked.post_treatment)} may be changed by treatment and "
                f"confounds {name} and {plan.outcome.name}; direct and indirect effects are then "
                "not identified, and the ones shown are not adjusted for it"
            )
        inside = [each for each in asked.post_treatment if each in plan.covariates]
        if inside:
            yield (
                f"{name}: {', '.join(inside)} is a covariate although treatment may change it; "
                "adjustment for it removes a part of the effect"
            )


def _about_outcome(whole: CompleteData, plan: Plan) -> Iterator[str]:
    if whole.caution is not None:
        yield whole.caution
    if whole.data.outcome_kind == "binary":
        return
    asked = (
        ("subgroups", plan.subgroups), ("splines", plan.splines), ("mediation", plan.mediation)
    )  # fmt: skip
    if left := [words for words, chosen in asked if chosen]:
        yield f"{' and '.join(left)} are computed for a 0/1 outcome only, and not for this one"


def _about_identifiers(columns: Any, whole: CompleteData, plan: Plan) -> Iterator[str]:
    """Warn of rows that share an identifier and are analysed as independent."""
    used = {plan.treatment, *plan.outcome.columns, *plan.kinds}
    if plan.cluster is not None:
        return
    for name in map(str, columns):
        if name in used or not names_identifier(name):
            continue
        values = np.asarray(columns[name], object)[whole.observed.include]
        known = [str(value) for value in values if value is not None and value == value]
        if len(set(known)) < len(known):
            yield (
                f"{name} has {len(set(known))} values in {len(known)} rows: rows of one {name} are "
                f"analysed as independent; plan `cluster: {name}`"
            )


def _about_clusters(whole: CompleteData, plan: Plan) -> Iterator[str]:
    if plan.cluster is None:
        return
    count = int(np.min(whole.observed.clusters))
    if count < FEW_CLUSTERS:
        yield (
            f"{plan.cluster} has {count} clusters; cluster-robust errors need about "
            f"{FEW_CLUSTERS}. With few centres, make {plan.cluster} a categorical covariate instead"
        )
    ignored = [
        words
        for words, asked in (
            ("subgroups", plan.subgroups), ("splines", plan.splines), ("mediation", plan.mediation)
        )
        if asked
    ]  # fmt: skip
    if ignored:
        yield f"{' and '.join(ignored)} take rows as independent, also within {plan.cluster}"


def _about_balance(balances: Mapping[str, Balance]) -> Iterator[str]:
    for name, found in balances.items():
        if name not in METHODS or METHODS[name].weighting is None:
            continue
        size = np.abs(found.difference).reshape(-1, len(found.names)).mean(0)
        if not np.isfinite(size).any() or np.nanmax(size) <= IMBALANCE:
            continue
        worst = int(np.nanargmax(size))
        yield (
            f"{name} leaves a standardised difference of {size[worst]:.2f} in "
            f"{found.names[worst]}: the arms stay different; set a caliper, or take overlap weights"
        )


def _about_collinearity(whole: CompleteData) -> Iterator[str]:
    """Name incomplete covariates that determine each other: their chains cannot mix."""
    done: Imputation | None = whole.imputation
    if done is None:
        return
    numbers = {k: v for k, v in whole.columns.items() if isinstance(whole.data.kinds[k], Numeric)}
    for names in collinear_groups(numbers):
        if set(names) & set(done.incomplete):
            yield (
                f"{' and '.join(names)} are nearly collinear: imputing one from the other does not "
                f"converge, however many iterations; leave {names[-1]} out of the covariates"
            )
