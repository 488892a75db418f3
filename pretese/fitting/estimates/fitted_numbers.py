"""Estimates of the scenario's numbers from a table, with confidence intervals, by dotted path."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from estimate.core.arrays import Floats
from pretese.fitting.estimates.population import PARTNER, PopulationFit, fit_population
from pretese.fitting.estimates.therapy_and_sperm import (
    ORDERS,
    ChoiceFit,
    SpermFit,
    fit_choice,
    fit_missing,
    fit_sperm,
    willing_share,
)
from pretese.fitting.table.clinic_patients import ClinicPatients
from pretese.fitting.table.column_map import ColumnMap
from protocol.errors import InputError
from simulate.core.coding import DIAGNOSES
from simulate.scenario.scenario_file import Scenario

#: Maximum proportion of resamples that may fail, for example because an arm is empty.
MAX_FAILED = 0.2


#: The quantile p of n resamples is the one at rank (n + 1)p, so that few resamples make no interval
#: too short (Davison AC, Hinkley DV. Bootstrap Methods and their Application. 1997, section 5.2).
_METHOD: Literal["weibull"] = "weibull"


@dataclass(frozen=True, slots=True)
class Fit:
    """A scenario's numbers from a table, with 95 % percentile intervals of the bootstrap.

    Attributes
    ----------
    numbers, intervals
        By dotted path. Limits and steps have no interval.
    population
        The fitted population, whose correlations a scenario holds as a list.
    correlation_intervals
        (variable, variable, 2) of the correlations.
    resamples, failed
        Of the bootstrap; failed ones are excluded.
    """

    numbers: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    population: PopulationFit
    correlation_intervals: Floats
    resamples: int
    failed: int


def fit_numbers(
    patients: ClinicPatients, chosen: ColumnMap, base: Scenario, resamples: int, seed: int,
    tell: Callable[[int, int], None],
) -> Fit:  # fmt: skip
    """Estimate every number that the table identifies, with bootstrap intervals.

    Patients are drawn with replacement; every step of the fit is repeated (Efron B. *Ann Stat*
    1979;7:1-26). Intervals go from the 2.5th to the 97.5th percentile, and to the estimate where
    it lies outside.

    Parameters
    ----------
    tell
        Called with resamples done, and all.
    """
    check_mechanism(base, chosen.extends)
    values, population, start = _numbers(patients, chosen, base, None)
    rng = np.random.default_rng(seed)
    drawn, correlations, failed = [], [], 0
    for number in range(resamples):
        rows = rng.integers(patients.size, size=patients.size)
        try:
            again, other, _ = _numbers(patients.rows(rows), chosen, base, start)
        except (InputError, np.linalg.LinAlgError):
            failed += 1
        else:
            drawn.append(again)
            correlations.append(other.correlation)
        tell(number + 1, resamples)
    if failed > MAX_FAILED * resamples:
        problem = f"{failed} of {resamples} resamples could not be fitted"
        cure = "map fewer columns, or give more patients"
        raise InputError.of(patients.name, "", problem, cure)
    uncertain = {path: [each[path] for each in drawn if path in each] for path in values}
    intervals = {
        path: _interval(values[path], np.array(found))
        for path, found in uncertain.items()
        if found and any(found) and not path.endswith((".lower", ".upper"))
    }
    return Fit(
        values, intervals, population, _matrix_intervals(population.correlation, correlations),
        resamples, failed,
    )  # fmt: skip


def check_mechanism(base: Scenario, name: str) -> None:
    """Refuse to extend a scenario whose mechanism a table of patients cannot identify."""
    treatment = base.spermatogenesis.treatment
    acting = {
        "spermatogenesis.hidden": base.spermatogenesis.hidden.value,
        "choice.hidden": base.choice.hidden.value,
        "spermatogenesis.treatment.through_fsh_normalised": treatment.through_fsh_normalised.value,
        "spermatogenesis.treatment.through_testosterone_per_log": (
            treatment.through_testosterone_per_log.value
        ),
        **{
            f"spermatogenesis.treatment.by_diagnosis.{n}": each.value
            for n, each in treatment.by_diagnosis.items()
        },
        **{
            f"spermatogenesis.treatment.modifiers.{n}": each.per_unit.value
            for n, each in treatment.modifiers.items()
        },
        "measurement.missing_by.itself": (
            base.measurement.missing_by["itself"].value
            if "itself" in base.measurement.missing_by
            else 0.0
        ),
    }
    if wrong := [path for path, value in acting.items() if value]:
        problem = f"{', '.join(wrong)} is not 0 in {name}; a table of patients cannot show it"
        raise InputError.of("map", "extends", problem, "extend a scenario without it, as paper")


def _numbers(
    patients: ClinicPatients, chosen: ColumnMap, base: Scenario, start: Floats | None
) -> tuple[dict[str, float], PopulationFit, Floats | None]:
    """Return all numbers, the population, and starting values for a fit of similar patients."""
    population = fit_population(patients, base)
    values = _population_numbers(population, base)
    choice = fit_choice(patients, population, chosen.allocation == "randomised")
    values |= _choice_numbers(choice, population)
    if missing := fit_missing(patients):
        names, found = missing
        values |= {f"measurement.missing.{n}": s for n, s in zip(names, found.shares, strict=True)}
        values["measurement.missing_correlation"] = found.correlation
        values["measurement.missing_by.gonadotropin_therapy"] = float(found.pulls[0])
        values["measurement.missing_by.any_sperm"] = float(found.pulls[1])
    if "sperm_retrieved" in patients.flags:
        sperm = fit_sperm(patients, population, base, start)
        values |= _sperm_numbers(sperm, "sperm_in_ejaculate" in patients.flags)
        start = sperm.start
    if (willing := willing_share(patients, base)) is not None:
        values["fertility.willing_share"] = willing
    return values, population, start


def _population_numbers(population: PopulationFit, base: Scenario) -> dict[str, float]:
    values: dict[str, float] = {}
    for name, marginal in population.marginals.items():
        old = base.population
        model = old.partner_age_years if name == PARTNER else old.marginals[name]
        path = f"population.{PARTNER}" if name == PARTNER else f"population.marginals.{name}"
        below, above = marginal.spread(model.scale)
        values |= {
            f"{path}.median": marginal.quartiles[1],
            f"{path}.sd_below": below,
            f"{path}.sd_above": above,
        }
        if marginal.widened:
            values |= {f"{path}.lower": marginal.lower, f"{path}.upper": marginal.upper}
    if population.shares is not None and population.shifts is not None:
        for code, name in enumerate(DIAGNOSES[1:], 1):
            share = population.shares[code] / population.shares[0]
            values[f"population.diagnosis_log_odds.{name}"] = float(np.log(share))
            for column, variable in enumerate(population.names):
                path = f"population.score_by_diagnosis.{variable}.{name}"
                values[path] = float(population.shifts[code, column])
    if population.partner_correlation is not None:
        values["population.partner_age_correlation"] = population.partner_correlation
    return values


def _choice_numbers(choice: ChoiceFit, population: PopulationFit) -> dict[str, float]:
    values = {"choice.intercept": choice.intercept}
    if population.shares is not None:
        for code, name in enumerate(DIAGNOSES[1:], 1):
            values[f"choice.diagnosis.{name}"] = float(choice.diagnosis[code])
    for row, variable in enumerate(population.names):
        for column, order in enumerate(ORDERS):
            values[f"choice.terms.{variable}.{order}"] = float(choice.terms[row, column])
    return values


def _sperm_numbers(sperm: SpermFit, ejaculate_seen: bool) -> dict[str, float]:
    place = "spermatogenesis"
    values = {f"{place}.treatment.direct": sperm.direct}
    values[f"{place}.treatment.long_infertility"] = sperm.long_infertility or 0.0
    for code, name in enumerate(DIAGNOSES):
        values[f"{place}.spermatogenic_liability.{name}"] = float(sperm.levels[code])
        if ejaculate_seen:
            values[f"{place}.ejaculate_threshold.{name}"] = float(sperm.upper[code])
    for name, slope in sperm.prognosis.items():
        values[f"{place}.prognosis.{name}.per_unit"] = slope
    return values


def _interval(value: float, drawn: Floats) -> tuple[float, float]:
    low, high = np.quantile(drawn, [0.025, 0.975], method=_METHOD)
    return min(float(low), value), max(float(high), value)


def _matrix_intervals(found: Floats, drawn: list[Floats]) -> Floats:
    if not drawn:
        return np.stack([found, found], -1)
    low, high = np.quantile(np.stack(drawn), [0.025, 0.975], axis=0, method=_METHOD)
    return np.stack([np.minimum(low, found), np.maximum(high, found)], -1)
