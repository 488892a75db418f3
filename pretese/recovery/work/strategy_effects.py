"""Dynamic strategies in a study: the estimates of `pretese analyse` for every replicate.

The strategies are those of the two arms, whose outcomes are both simulated, so that their true
effect is known. Each replicate is written as tables of patients, visits and injections, and read
from them like the tables of a clinic.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from estimate.comparison.contingency import unadjusted
from estimate.core.complete_cases import analysis_set
from estimate.core.estimand import Estimand
from estimate.core.result import Estimate, wald
from estimate.longitudinal.g_formula import g_formula_effects
from estimate.longitudinal.regimes import regime_risks
from estimate.longitudinal.strategies import PlannedCourses, Strategies, read_strategies
from pretese.recovery.design.study_spec import STRATEGY_STEPS, StudyPlan, covariate_kind
from protocol.errors import InputError
from simulate import endpoints
from simulate.cohort.draw import Cohort
from simulate.core.coding import DIAGNOSES
from simulate.tables.injection_tables import injections
from simulate.tables.study_rows import numbers
from simulate.tables.visit_tables import visits

#: Minimum proportion of the patients of an arm who follow its strategy.
MIN_FOLLOWERS = 0.9

_NUMBERS = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "n")


def strategy_effects(cohort: Cohort, plan: StudyPlan) -> Iterator[Estimate]:
    """Yield the effect of the second strategy against the first by every analysis and scale."""
    if plan.strategies is None:
        return
    asked = plan.strategies
    every = [_of_replicate(cohort, plan, asked, r) for r in range(cohort.streams.replicates)]
    for step in STRATEGY_STEPS:
        for scale in plan.scales:
            yield _joined(step, [found[step, scale] for found in every])


def _of_replicate(
    cohort: Cohort, plan: StudyPlan, asked: Strategies, r: int
) -> dict[tuple[str, str], Estimate]:
    """Return the effects in one replicate, by analysis and scale."""
    tables = _patients(cohort, plan, r), visits(cohort, r), injections(cohort, r)
    kinds = {name: covariate_kind(name) for name in plan.covariates}
    read = read_strategies(*tables, asked, outcome=plan.outcome, baseline=kinds)
    _refuse_other_arms(plan, read, tables[0]["arm"].to_numpy()[read.kept])
    with np.errstate(all="ignore"):
        found = _effects(plan, read, cohort.streams.first + r)
    return {(step, each.scale): each for step, answers in found.items() for each in answers}


def _effects(
    plan: StudyPlan, read: PlannedCourses, replicate: int
) -> dict[str, Sequence[Estimate]]:
    first, second = read.asked
    naive, weighted = (
        regime_risks(read.data, read.asked, weighted=flag).compare(second, first, plan.outcome)
        for flag in (False, True)
    )
    ever = analysis_set(
        {"ever": read.data.treatment.any(-1), plan.outcome: read.data.outcome},
        treatment="ever", outcome=plan.outcome, covariates={},
    )  # fmt: skip
    predicted = g_formula_effects(
        read.data, read.asked, plan.outcome, samples=plan.bootstrap_samples, seed=replicate
    )
    answers = unadjusted(ever), naive, weighted, predicted
    return dict(zip(STRATEGY_STEPS, answers, strict=True))


def _patients(cohort: Cohort, plan: StudyPlan, r: int) -> pd.DataFrame:
    """Lay out the patients of a replicate: identifier, arm, outcome and covariates."""
    columns: dict[str, Any] = {
        "patient_id": numbers(cohort),
        "arm": cohort.gonadotropin_therapy[r].astype(int),
        plan.outcome: endpoints.observed_outcome(cohort, plan.outcome)[r],
    }
    recorded: Mapping[str, NDArray[Any]] = cohort.baseline
    for name in plan.covariates:
        if name == "diagnosis":
            columns[name] = np.array(DIAGNOSES, object)[cohort.patients.diagnosis[r]]
        else:
            columns[name] = recorded[name][r]
    return pd.DataFrame(columns)


def _refuse_other_arms(plan: StudyPlan, read: PlannedCourses, arm: NDArray[np.int_]) -> None:
    """Refuse strategies that the arms do not follow, because their true effect is not simulated."""
    for number, (name, asked) in enumerate(read.asked.items()):
        own = arm == number
        followed = (np.isnan(asked) | (asked == read.data.treatment)).all(-1)
        if own.any() and followed[own].mean() < MIN_FOLLOWERS:
            which = ("untreated", "treated")[number]
            problem = f"{100 * followed[own].mean():.0f} % of the {which} arm follow it"
            cure = f"write the rule of the {which} arm's regimen in place {number + 1}"
            raise InputError.of("strategies", name, problem, cure)


def _joined(step: str, parts: Sequence[Estimate]) -> Estimate:
    """Return one estimate over the replicates."""
    nothing = wald(Estimand("", "", "", ""), step, parts[0].scale, np.nan, np.nan, 0)
    arrays: dict[str, Any] = {
        name: np.stack([getattr(each, name) for each in parts]) for name in _NUMBERS
    }
    converged = np.stack([each.converged for each in parts])
    return replace(nothing, **arrays, converged=converged)
