"""Who comes: diagnosis, correlated baseline values and the partner's age."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simulate.core.coding import BASELINE, DIAGNOSES
from simulate.core.random_streams import RandomStreams
from simulate.scenario.sections.enrolment import Marginal, Population, correlation_matrix
from simulate.scenario.sections.parameter import Parameter

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Patients:
    """Patients as nature made them, before any choice; every array has shape (replicate, man).

    ``baseline`` holds true values, neither rounded nor missing; ``score`` their normal scores.
    ``diagnosis`` counts along `simulate.core.coding.DIAGNOSES`.
    """

    diagnosis: Codes
    baseline: Mapping[str, Floats]
    score: Mapping[str, Floats]
    partner_age_years: Floats


def draw_patients(population: Population, streams: RandomStreams) -> Patients:
    """Draw the men of every replicate."""
    factor = np.linalg.cholesky(correlation_matrix(population.correlations))
    scores = np.moveaxis(streams.normal("baseline", width=len(BASELINE)) @ factor.T, -1, 0)
    score = dict(zip(BASELINE, np.ascontiguousarray(scores), strict=True))
    diagnosis = _diagnosis(population.diagnosis_log_odds, streams.uniform("diagnosis"))
    for name, shifts in population.score_by_diagnosis.items():
        by_diagnosis = [shifts[each].value if each in shifts else 0.0 for each in DIAGNOSES]
        score[name] += np.array(by_diagnosis)[diagnosis]
    return Patients(
        diagnosis=diagnosis,
        baseline={name: stretch(population.marginals[name], z) for name, z in score.items()},
        score=score,
        partner_age_years=stretch(population.partner_age_years, streams.normal("partner age")),
    )


def recruitment_day(population: Population, streams: RandomStreams) -> Floats:
    """Return the day, counted from 0, on which each man is enrolled, recruited evenly."""
    days: Floats = np.floor(population.recruitment_days.value * streams.uniform("recruitment"))
    return days


def stretch(marginal: Marginal, z: Floats) -> Floats:
    """Turn normal scores into values: the quantile function of a `Marginal`.

    Examples
    --------
    Quartiles lie at z = ±0.6745, where the spreads put them:

    >>> from simulate.scenario.sections.parameter import Parameter
    >>> def number(value):
    ...     return Parameter(value=value, unit="1", status="derived", source="example")
    >>> marginal = Marginal(form="split-normal", median=number(31),
    ...                     spread_low=number(4.448), spread_high=number(4.448))
    >>> stretch(marginal, np.array([-0.6745, 0, 0.6745])).round(2).tolist()
    [28.0, 31.0, 34.0]
    """
    middle = marginal.median.value
    value = np.where(z < 0, marginal.spread_low.value, marginal.spread_high.value)
    value *= z
    if marginal.form == "split-normal":
        value += middle
        return value
    np.exp(value, out=value)
    value *= middle
    return value


def quantile(marginal: Marginal, probability: Floats) -> Floats:
    """Return the value below which ``probability`` of the men lie."""
    scores: Floats = ndtri(probability)
    return stretch(marginal, scores)


def diagnosis_shares(log_odds: Mapping[str, Parameter]) -> Floats:
    """Return the share of each diagnosis, from log odds against the first."""
    odds = np.exp([0.0] + [log_odds[name].value for name in DIAGNOSES[1:]])
    shares: Floats = odds / odds.sum()
    return shares


def _diagnosis(log_odds: Mapping[str, Parameter], uniform: Floats) -> Codes:
    inner_edges = np.cumsum(diagnosis_shares(log_odds))[:-1]
    return np.searchsorted(inner_edges, uniform, side="right").astype(np.int8)
