"""Analysis sets of a simulated cohort: as observed, imputed, or with both potential outcomes."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimate.core.analysis_set import AnalysisSet
from estimate.core.columns import Categorical, Kind
from estimate.core.complete_cases import analysis_set
from estimate.imputation.chain import Column, impute
from pretese.recovery.design.study_spec import StudyPlan, covariate_kind
from simulate import endpoints
from simulate.cohort.draw import Cohort

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Separates the random numbers of imputation from those of the simulation.
IMPUTATION = 0x1A9E


def kinds_of(plan: StudyPlan) -> dict[str, Kind]:
    """Return the plan's covariates with their kinds."""
    return {name: covariate_kind(name) for name in plan.covariates}


def observed(cohort: Cohort, plan: StudyPlan) -> AnalysisSet:
    """Return the observed data, (replicate, patient), complete cases of the covariates."""
    return _observed(cohort, plan, kinds_of(plan))


def before_imputation(cohort: Cohort, plan: StudyPlan) -> AnalysisSet:
    """Return the observed data, (replicate, patient), with missing covariates."""
    return _observed(cohort, plan, {})


def imputed(cohort: Cohort, plan: StudyPlan) -> AnalysisSet:
    """Return the observed data, multiply imputed: (replicate, imputation, patient).

    The random numbers of a replicate depend only on its number and the seed.
    """
    everyone = before_imputation(cohort, plan)
    columns = _recorded(cohort)
    kinds = kinds_of(plan)
    table = np.stack(
        [everyone.treatment, everyone.outcome, *(columns[name] for name in kinds)], axis=-1
    )
    described = [Column("gonadotropin_therapy", 2), Column(plan.outcome, 2)]
    described += [Column(name, len(_levels(kind))) for name, kind in kinds.items()]
    streams = cohort.streams
    generators = [
        np.random.default_rng((IMPUTATION, streams.seed, streams.first + row))
        for row in range(streams.replicates)
    ]
    filled = impute(
        table,
        described,
        generators,
        imputations=plan.missing.imputations,
        iterations=plan.missing.iterations,
        included=everyone.include,
    ).completed
    shape = filled.shape[:-1]
    whole = {
        name: _as_codes(filled[..., index + 2], kind, everyone.include[:, None])
        for index, (name, kind) in enumerate(kinds.items())
    }
    columns = {
        "gonadotropin_therapy": np.broadcast_to(everyone.treatment[:, None], shape),
        plan.outcome: np.broadcast_to(everyone.outcome[:, None], shape),
        **whole,
    }
    include = np.broadcast_to(everyone.include[:, None], shape)
    return analysis_set(
        columns,
        treatment="gonadotropin_therapy",
        outcome=plan.outcome,
        covariates=kinds,
        include=include,
    )


def under_both_arms(cohort: Cohort, plan: StudyPlan) -> AnalysisSet:
    """Return every patient under both arms, (replicate, 2 x patient).

    Covariates are the true ones: neither rounded nor missing.
    """
    twice = {name: np.concatenate([column, column], axis=-1) for name, column in _true(cohort)}
    untreated = np.zeros(cohort.gonadotropin_therapy.shape, bool)
    gonadotropin_therapy = np.concatenate([untreated, ~untreated], axis=-1)
    outcome = np.concatenate(potential_outcomes(cohort, plan), axis=-1)
    return _known(plan, twice, gonadotropin_therapy, outcome, np.tile(population(cohort, plan), 2))


def as_chosen(cohort: Cohort, plan: StudyPlan) -> AnalysisSet:
    """Return every patient under the chosen arm, with true covariates, (replicate, patient)."""
    outcome = cohort.in_chosen_arm(*potential_outcomes(cohort, plan))
    return _known(
        plan, dict(_true(cohort)), cohort.gonadotropin_therapy, outcome, population(cohort, plan)
    )


def _known(
    plan: StudyPlan,
    columns: dict[str, NDArray[Any]],
    gonadotropin_therapy: Flags,
    outcome: Flags,
    include: Flags,
) -> AnalysisSet:
    return analysis_set(
        {**columns, "gonadotropin_therapy": gonadotropin_therapy, plan.outcome: outcome},
        treatment="gonadotropin_therapy",
        outcome=plan.outcome,
        covariates=kinds_of(plan),
        include=include,
    )


def potential_outcomes(cohort: Cohort, plan: StudyPlan) -> tuple[Flags, Flags]:
    """Return each patient's outcome untreated and treated, each (replicate, patient)."""
    return endpoints.potential_outcomes(cohort, plan.outcome)


def population(cohort: Cohort, plan: StudyPlan) -> Flags:
    """Return the patients whose effect is the true one: a group that therapy cannot change."""
    if plan.eligible == "everyone":
        return np.ones_like(cohort.gonadotropin_therapy)
    untreated, treated = (path.micro_tese for path in cohort.paths)
    return untreated & treated


def _observed(cohort: Cohort, plan: StudyPlan, kinds: Mapping[str, Kind]) -> AnalysisSet:
    columns = {
        "gonadotropin_therapy": cohort.gonadotropin_therapy,
        plan.outcome: endpoints.observed_outcome(cohort, plan.outcome),
        **_recorded(cohort),
    }
    include = None if plan.eligible == "everyone" else cohort.observed(plan.eligible)
    return analysis_set(
        columns,
        treatment="gonadotropin_therapy",
        outcome=plan.outcome,
        covariates=kinds,
        include=include,
    )


def _recorded(cohort: Cohort) -> dict[str, NDArray[Any]]:
    return {"diagnosis": cohort.patients.diagnosis.astype(int), **cohort.baseline}


def _true(cohort: Cohort) -> Iterator[tuple[str, NDArray[Any]]]:
    yield "diagnosis", cohort.patients.diagnosis.astype(int)
    yield from cohort.patients.baseline.items()


def _levels(kind: Kind) -> tuple[str, ...]:
    return kind.levels if isinstance(kind, Categorical) else ()


def _as_codes(column: NDArray[Any], kind: Kind, include: Flags) -> NDArray[Any]:
    """Return a completed column; categories as whole numbers, -1 for excluded patients."""
    if isinstance(kind, Categorical):
        return np.where(include, column, -1).astype(int)
    return np.where(include, column, 0.0)
