"""The patients of a clinic: proportions of diagnoses, distributions, correlations."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from estimate.core.arrays import Bools, Floats, Ints
from estimate.population.grouped_quantiles import grouped_quantiles
from estimate.population.score_correlation import (
    group_shifts,
    normal_scores,
    score_correlations,
)
from pretese.fitting.estimates.distributions import (
    QUARTERS,
    FittedMarginal,
    fit_marginal,
    marginal_of,
    with_quartiles,
)
from pretese.fitting.table.clinic_patients import ClinicPatients
from protocol.errors import InputError
from simulate.core.coding import DIAGNOSES
from simulate.patients.marginals import score_of, value_at
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.sections.enrolment import Marginal

Scores = NDArray[np.float64]

#: Values of one variable below which its distribution is not fitted, and patients with a
#: diagnosis below which its shifts are taken to be 0.
MIN_VALUES, MIN_GROUP = 20, 10

DURATION, AGE, PARTNER = "infertility_duration_years", "age_years", "partner_age_years"

#: Steps in which the distribution of the duration is adapted to the ages of the couples.
_STEPS = 8


@dataclass(frozen=True, slots=True)
class PopulationFit:
    """Patients of a table as a scenario describes them.

    Attributes
    ----------
    names
        Baseline variables that are recorded.
    marginals, models
        Their distributions, the partner's age included, as fitted and as a scenario holds them.
    shares, shifts
        Share of each diagnosis, and (diagnosis, variable) shifts of the normal scores; None where
        diagnoses are not recorded.
    correlation
        (variable, variable) of the normal scores within diagnoses.
    partner_correlation
        Of both ages' normal scores; None where they are not recorded.
    scores
        (patient, variable) normal scores; what is missing is expected from the others.
    complete
        Who has a value of every variable.
    """

    names: tuple[str, ...]
    marginals: Mapping[str, FittedMarginal]
    models: Mapping[str, Marginal]
    shares: Floats | None
    shifts: Floats | None
    correlation: Floats
    partner_correlation: float | None
    scores: Scores
    complete: Bools

    def values(self, name: str) -> Scores:
        """Return the values of a variable, the expected ones where they are missing."""
        return value_at(self.models[name], self.scores[:, self.names.index(name)])


def fit_population(patients: ClinicPatients, base: Scenario) -> PopulationFit:
    """Return the population of a table.

    Raises
    ------
    InputError
        A variable has fewer than `MIN_VALUES` values.
    """
    names = patients.baseline
    _check_values(patients)
    ranks = np.stack([normal_scores(patients.numbers[name]) for name in names], -1)
    shares, shifts, within = _groups(ranks, patients.diagnosis)
    correlation = score_correlations(within)
    marginals = {
        name: fit_marginal(
            patients.numbers[name],
            base.population.marginals[name],
            None if shifts is None else shifts[:, column],
            shares,
        )
        for column, name in enumerate(names)
    }
    if PARTNER in patients.numbers:
        marginals[PARTNER] = fit_marginal(
            patients.numbers[PARTNER], base.population.partner_age_years
        )
    models = {name: marginal_of(each, _base(base, name)) for name, each in marginals.items()}
    together = _partner_correlation(patients)
    if DURATION in names:
        _allow_for_age(patients, base, marginals, models, correlation, names, together)
    scores = np.stack([score_of(models[name], patients.numbers[name]) for name in names], -1)
    scores = np.where(np.isfinite(ranks), scores, np.nan)
    complete = np.asarray(np.isfinite(ranks).all(1))
    expected = np.zeros_like(scores) if shifts is None else shifts[patients.diagnosis]
    return PopulationFit(
        names, marginals, models, shares, shifts, correlation, together,
        _completed(scores - expected, correlation) + expected, complete,
    )  # fmt: skip


def _check_values(patients: ClinicPatients) -> None:
    for name, values in patients.numbers.items():
        known = values[np.isfinite(values)]
        if known.size < MIN_VALUES or np.ptp(known) == 0:
            problem = f"{known.size} values, {len(np.unique(known))} different ones"
            cure = f"a distribution needs {MIN_VALUES} values that differ; leave the column out"
            raise InputError.of(patients.name, name, problem, cure)


def _base(base: Scenario, name: str) -> Marginal:
    population = base.population
    return population.partner_age_years if name == PARTNER else population.marginals[name]


def _groups(ranks: Floats, diagnosis: Ints | None) -> tuple[Floats | None, Floats | None, Floats]:
    """Return shares and shifts of diagnoses, and scores without them, of variance 1."""
    shares = shifts = None
    within = ranks
    if diagnosis is not None:
        counts = np.bincount(diagnosis, minlength=len(DIAGNOSES)).astype(float)
        shares = (counts + 0.5 * (counts == 0)) / (counts + 0.5 * (counts == 0)).sum()
        shifts = group_shifts(ranks, diagnosis, len(DIAGNOSES))
        shifts[counts < MIN_GROUP] = 0.0
        within = ranks - shifts[diagnosis]
    spread = np.nanstd(within, 0)
    centred = (within - np.nanmean(within, 0)) / spread
    return shares, None if shifts is None else shifts / spread, centred


def _partner_correlation(patients: ClinicPatients) -> float | None:
    if PARTNER not in patients.numbers or AGE not in patients.numbers:
        return None
    both = np.stack([normal_scores(patients.numbers[name]) for name in (AGE, PARTNER)], -1)
    return float(np.clip(score_correlations(both)[0, 1], -0.99, 0.99))


def _completed(scores: Floats, correlation: Floats) -> Scores:
    """Return scores in which each missing one is the mean given those that are known."""
    filled = np.where(np.isfinite(scores), scores, 0.0)
    patterns, which = np.unique(np.isnan(scores), axis=0, return_inverse=True)
    for number, missing in enumerate(patterns):
        if not missing.any() or missing.all():
            continue
        rows = np.flatnonzero(which.ravel() == number)
        known = ~missing
        weights = np.linalg.solve(
            correlation[np.ix_(known, known)], correlation[np.ix_(known, missing)]
        )
        filled[np.ix_(rows, missing)] = scores[np.ix_(rows, known)] @ weights
    return filled


@cache
def _normal_draws() -> Floats:
    """Return fixed normal scores of age, partner's age and duration for so many couples."""
    return np.random.default_rng(20_220_330).standard_normal((8192, 3))


def _allow_for_age(
    patients: ClinicPatients, base: Scenario, marginals: dict[str, FittedMarginal],
    models: dict[str, Marginal], correlation: Floats, names: tuple[str, ...],
    together: float | None,
) -> None:  # fmt: skip
    """Adapt the duration so that its quartiles and its correlation with age come out.

    The simulator draws a duration among those that are possible at the ages of both partners. So
    the distribution that it draws from must be a little longer than the recorded one, and the
    correlation of its scores smaller than that of recorded values, which the limit adds to.
    """
    age = models.get(AGE, base.population.marginals[AGE])
    partner = models.get(PARTNER, base.population.partner_age_years)
    shared = base.population.partner_age_correlation.value if together is None else together
    place = (names.index(AGE), names.index(DURATION)) if AGE in names else None
    seen = float(correlation[place]) if place else 0.0
    own = seen
    first, second, third = _normal_draws().T
    years = np.minimum(
        value_at(age, first), value_at(partner, shared * first + np.sqrt(1 - shared**2) * second)
    )
    longest = years - base.population.adult_age_years.value
    values, step = patients.numbers[DURATION], marginals[DURATION].step
    wanted = np.asarray(grouped_quantiles(values, QUARTERS, step))
    asked = wanted.copy()
    for _ in range(_STEPS):
        model = models[DURATION]
        rank = ndtr(own * first + np.sqrt(1 - own**2) * third)
        drawn = np.minimum(value_at(model, ndtri(rank * ndtr(score_of(model, longest)))), longest)
        asked = np.sort(np.maximum(asked + (wanted - np.quantile(drawn, QUARTERS)), 0.5 * wanted))
        marginals[DURATION] = with_quartiles(marginals[DURATION], asked)
        models[DURATION] = marginal_of(marginals[DURATION], base.population.marginals[DURATION])
        if place:
            own = float(np.clip(own + seen - _score_correlation(first, drawn, step), -0.95, 0.95))
    if place:
        _replace(correlation, place, own)


def _score_correlation(score: Floats, drawn: Floats, step: float) -> float:
    """Return the correlation of a normal score with that of values as they would be recorded."""
    recorded = np.rint(drawn / step) * step if step else drawn
    return float(score_correlations(np.stack([score, normal_scores(recorded)], -1))[0, 1])


def _replace(correlation: Floats, place: tuple[int, int], value: float) -> None:
    """Put a correlation into a matrix, or as much of the change as leaves it positive definite."""
    before = float(correlation[place])
    for part in (1.0, 0.75, 0.5, 0.25, 0.0):
        correlation[place] = correlation[place[::-1]] = before + part * (value - before)
        if np.linalg.eigvalsh(correlation)[0] > 1e-6:
            return
