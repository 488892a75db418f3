"""Complete the data of a plan by complete-case analysis or imputation."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats
from estimate.core.columns import Categorical, read_columns
from estimate.core.complete_cases import analysis_set
from estimate.core.refusals import beyond_measure
from estimate.imputation.chain import Column, Imputation, impute
from estimate.imputation.complete_data import CompleteData
from estimate.plan.outcome_columns import OutcomeColumns, eligible, outcome_columns
from estimate.plan.spec import Plan
from protocol.errors import Fault, InputError


def complete(columns: Any, plan: Plan, *, where: str = "data") -> CompleteData:
    """Apply the plan's handling of missing data to one table (a mapping or DataFrame).

    Raises
    ------
    InputError
        As `analysis_set`; and if values are missing although the plan states that none are.
    """
    prepared = outcome_columns(columns, plan, where)
    columns, outcome = prepared.columns, plan.outcome
    build = _builder(plan, prepared, where)
    include = eligible(columns, plan, where)
    try:
        everyone = build(columns, include=include)
    except InputError as outright:
        raise _with_covariates(outright, partial(build, columns, include=include), plan) from None
    read = read_columns(columns, plan.kinds, where)
    gaps = {name: np.isnan(column) & everyone.include for name, column in read.items()}
    missing = {name: int(gap.sum()) for name, gap in gaps.items() if gap.any()}
    if plan.missing.method == "none" and missing:
        raise InputError(
            Fault(where, name, _count(count), "plan `missing: mice`, or fill them")
            for name, count in missing.items()
        )
    if plan.missing.method != "mice" or not missing:
        data = build(columns, covariates=plan.kinds, include=include)
        if faults := _empty_visits(data, where):
            raise InputError(faults)
        return CompleteData(data, data, read, missing, None, prepared.caution)
    if outcome.trials is not None:
        cure = "plan `missing: complete-case`, or give one row per trial"
        raise InputError.of(where, "missing", "trials of one row cannot be imputed", cure)
    if faults := _not_imputable(everyone, read, where):
        raise InputError(faults)
    done = _impute(everyone, read, plan)
    beside = (
        prepared.cluster, outcome.time, outcome.exposure, plan.sampling_weights,
        plan.sampling_strata,
    )  # fmt: skip
    filled = {name: columns[name] for name in beside if name is not None}
    data = build(
        {**filled, **_imputed(everyone, done, plan)},
        covariates=plan.kinds,
        include=everyone.include,
    )
    data = replace(data, reasons=everyone.reasons)
    return CompleteData(data, everyone, read, missing, done, prepared.caution)


def _empty_visits(data: AnalysisSet, where: str) -> list[Fault]:
    """Return a fault for every visit at which an arm has fewer than two measurements."""
    if data.repeated is None:
        return []
    known = ~np.isnan(data.repeated.values)
    return [
        Fault(where, name, f"{count} measured in the {arm} arm", "leave the visit out")
        for arm, here in (("treated", data.treatment > 0), ("untreated", data.treatment <= 0))
        for name, count in zip(data.repeated.names, known[here & data.include].sum(0), strict=True)
        if count < 2
    ]


def _builder(plan: Plan, prepared: OutcomeColumns, where: str) -> Callable[..., AnalysisSet]:
    """Return `analysis_set` with the rules of the plan for every analysis set."""
    outcome = plan.outcome
    return partial(
        analysis_set,
        treatment=plan.treatment,
        outcome=outcome.name,
        outcome_kind=prepared.kind,
        cluster=prepared.cluster,
        time=outcome.time,
        exposure=outcome.exposure,
        sampling=plan.sampling_weights,
        strata=plan.sampling_strata,
        levels=plan.treatment_levels,
        repeated=prepared.repeated,
        where=where,
    )


def _imputed(everyone: AnalysisSet, done: Imputation, plan: Plan) -> dict[str, Any]:
    """Return treatment, outcome and covariates without gaps, categories by the names of levels."""
    arms = Categorical(plan.treatment_levels)
    filled: dict[str, Any] = {
        plan.treatment: _named(everyone.treatment, arms) if arms.levels else everyone.treatment,
        plan.outcome.name: everyone.outcome,
    }
    for index, (name, kind) in enumerate(plan.kinds.items(), start=len(filled)):
        column = np.where(everyone.include, done.completed[..., index], -1)
        filled[name] = _named(column, kind) if isinstance(kind, Categorical) else column
    return filled


def _with_covariates(
    found: InputError, build: Callable[..., AnalysisSet], plan: Plan
) -> InputError:
    """Return faults of treatment and outcome together with those of the covariates."""
    try:
        build(covariates=plan.kinds)
    except InputError as error:
        return InputError([*found.faults, *(f for f in error.faults if f not in found.faults)])
    return found


def _count(missing: int) -> str:
    return "1 value is missing" if missing == 1 else f"{missing} values are missing"


def _not_imputable(everyone: AnalysisSet, read: Mapping[str, Floats], where: str) -> list[Fault]:
    """Return the faults of columns that cannot be imputed."""
    empty = [
        Fault(where, name, "every value is missing", "leave it out of the covariates")
        for name, column in read.items()
        if np.isnan(column[everyone.include]).all()
    ]
    return [*empty, *beyond_measure(read, everyone.include, where)]


def _named(codes: Floats, kind: Categorical) -> NDArray[np.object_]:
    """Return levels by name, None for -1.

    Indices would be read as levels if levels are named 1, 2, 3.
    """
    levels: NDArray[np.object_] = np.array([*kind.levels, None], object)
    return np.asarray(levels[codes.astype(int)])


def _impute(everyone: AnalysisSet, read: Mapping[str, Floats], plan: Plan) -> Imputation:
    """Impute each covariate given its predictors, treatment and outcome (which must be there)."""
    outcome, classes = plan.outcome.name, {"binary": 2, "time": 2}
    extra = _further_predictors(everyone)
    beside = [column for _, column in extra]
    table = np.stack([everyone.treatment, everyone.outcome, *read.values(), *beside], axis=-1)
    described = [
        Column(plan.treatment, max(2, len(plan.treatment_levels))),
        Column(outcome, classes.get(everyone.outcome_kind, 0)),
    ]
    for name, kind in plan.kinds.items():
        others = plan.missing.predictors.get(name)
        chosen = (
            None
            if others is None
            else frozenset(
                {*others, plan.treatment, outcome, *(column.name for column, _ in extra)}
            )
        )
        levels = len(kind.levels) if isinstance(kind, Categorical) else 0
        described.append(Column(name, levels, predictors=chosen))
    described += [column for column, _ in extra]
    return impute(
        table,
        described,
        np.random.default_rng(plan.seed),
        imputations=plan.missing.imputations,
        iterations=plan.missing.iterations,
        included=everyone.include,
    )


def _further_predictors(everyone: AnalysisSet) -> list[tuple[Column, Floats]]:
    """Return what covariates are imputed from besides those of the plan.

    The imputation model holds the design of the survey, so that it also holds in the population
    (Seaman SR et al. *Biometrics* 2012;68:129-37): the logarithm of the weight and the stratum.
    """
    found: list[tuple[Column, Floats]] = []
    if everyone.time is not None:
        found.append((Column("cumulative hazard"), _cumulative_hazard(everyone)))
    if everyone.sampling is not None:
        weight = np.where(everyone.include, everyone.sampling, 1.0)
        if np.ptp(weight[everyone.include]) > 0:
            found.append((Column("logarithm of the sampling weight"), np.log(weight)))
    if everyone.stratum is not None:
        # only strata that occur: a category without patients has no coefficient
        _, codes = np.unique(
            np.where(everyone.include, everyone.stratum, everyone.stratum[everyone.include][0]),
            return_inverse=True,
        )
        column = codes.reshape(everyone.include.shape).astype(float)
        found.append((Column("stratum", int(column.max()) + 1), column))
    return found


def _cumulative_hazard(data: AnalysisSet) -> Floats:
    """Return each patient's Nelson-Aalen estimate at the end of follow-up.

    Together with the event it is the outcome in an imputation model for a time to an event (White
    IR, Royston P. *Stat Med* 2009;28:1982-98).
    """
    follow_up = np.zeros(data.include.shape) if data.time is None else data.time
    time, event = follow_up[data.include], data.outcome[data.include] > 0
    times, deaths = np.unique(time[event], return_counts=True)
    at_risk = np.array([(time >= t).sum() for t in times])
    total = np.r_[0.0, np.cumsum(deaths / at_risk)]
    place = np.searchsorted(times, np.where(data.include, follow_up, 0.0), side="right")
    return np.asarray(np.where(data.include, total[place], 0.0))
