"""Mediation of a division's effect by treatment, as specified in a plan."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats, Ints
from estimate.core.columns import Numeric, read_columns
from estimate.core.design_matrix import columns_of
from estimate.core.result import plain
from estimate.imputation.complete_data import CompleteData
from estimate.mediation.effects import Mediation
from estimate.mediation.error_correlation import (
    ErrorCorrelation,
    error_correlation,
    pool_correlations,
)
from estimate.mediation.mediation_analysis import mediate
from estimate.mediation.unmeasured import mediational_e_value
from estimate.plan.explore import assign
from estimate.plan.spec import Plan
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class Pathway:
    """Mediation of a division's effect by treatment, with its sensitivity analyses.

    ``correlation`` is None unless the plan asks for it.
    """

    name: str
    mediation: Mediation
    correlation: ErrorCorrelation | None = None

    def record(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        found = self.mediation
        effects = {
            key: {
                "estimate": plain(effect.mean),
                "median": plain(effect.median),
                "conf_low": plain(effect.conf_low),
                "conf_high": plain(effect.conf_high),
                "p_value": plain(effect.p_value),
                "p_monte_carlo_error": plain(effect.p_error),
            }
            for key, effect in found.effects.items()
            if key != "indirect_ratio"
        }
        strength, rho = mediational_e_value(found), self.correlation
        return {
            "name": self.name,
            "exposure": found.exposure,
            "mediator": found.mediator,
            "reading": found.reading,
            "effects": effects,
            "e_value": {"point": plain(strength.point), "limit": plain(strength.limit)},
            "error_correlation": None if rho is None else {
                "rho": rho.rho.tolist(),
                "acme": [plain(value) for value in rho.acme],
                "conf_low": [plain(value) for value in rho.conf_low],
                "conf_high": [plain(value) for value in rho.conf_high],
                "vanishes_at": plain(rho.vanishes_at),
            },
        }  # fmt: skip


def pathways(whole: CompleteData, plan: Plan) -> Iterator[Pathway]:
    """Yield, for every planned division, the mediation of its effect by treatment.

    Adjusted for the covariates other than the one that divides.
    """
    data = whole.data
    for index, name in enumerate(plan.mediation):
        by = plan.subgroups[name].by
        group, labels = assign(data, plan.subgroups[name])
        in_second = np.where(data.include, group, 0)
        columns = [
            c for other in data.kinds if other != by for c in columns_of(data, other).values()
        ]
        others = np.stack(columns, axis=-1) if columns else None
        found = mediate(
            in_second,
            data.treatment,
            data.outcome,
            np.random.default_rng([plan.seed, index]),
            names=(labels[1], data.treatment_name, data.outcome_name),
            covariates=others,
            weights=data.weights,
            interaction=plan.mediation_interaction,
            imputed=whole.imputation is not None,
        )
        asked = plan.mediation_sensitivity
        yield Pathway(name, found, _correlate(data, in_second, others, plan) if asked else None)


def mediated(columns: Any, whole: CompleteData, plan: Plan, where: str) -> Iterator[Pathway]:
    """Yield, for every planned mediator, the mediation of the effect of treatment.

    Adjusted for the covariates, which must come before treatment.
    """
    data = whole.data
    trials = plan.outcome.trials is not None
    if plan.mediators and (data.outcome_kind != "binary" or trials or data.levels):
        cure = "leave `mediators` out"
        raise InputError.of("mediators", "", "they are for two arms and a 0/1 outcome", cure)
    parts = [c for name in data.kinds for c in columns_of(data, name).values()]
    for index, (name, asked) in enumerate(plan.mediators.items()):
        column = read_columns(columns, {asked.column: Numeric()}, where)[asked.column]
        known = data.include & np.isfinite(column)
        if not np.ptp(np.where(known, column, column[np.isfinite(column)].mean())):
            cure = "name a column that varies"
            raise InputError.of(where, asked.column, "the mediator is constant", cure)
        found = mediate(
            np.where(known, data.treatment, 0.0),
            np.where(known, column, 0.0),
            np.where(known, data.outcome, 0.0),
            np.random.default_rng([plan.seed, len(plan.mediation) + index]),
            names=(data.treatment_name, name, data.outcome_name),
            covariates=np.stack(parts, axis=-1) if parts else None,
            weights=known * 1.0,
            interaction=asked.interaction,
            imputed=whole.imputation is not None,
        )
        yield Pathway(name, found)


def _correlate(
    data: AnalysisSet, in_second: Ints, others: Floats | None, plan: Plan
) -> ErrorCorrelation:
    """Return mediation under correlated errors, pooled over imputations if there are any."""
    return pool_correlations(
        [
            error_correlation(
                in_second[at], data.treatment[at], data.outcome[at],
                covariates=None if others is None else others[at],
                include=data.include[at], interaction=plan.mediation_interaction,
            )
            for at in np.ndindex(data.include.shape[:-1])
        ]
    )  # fmt: skip
