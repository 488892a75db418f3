"""Enrolled patients: diagnosis, correlated baseline values and the partner's age."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from simulate.core.coding import BASELINE, DIAGNOSES
from simulate.core.random_streams import RandomStreams
from simulate.patients.marginals import score_of, value_at
from simulate.patients.sites import SitesOfPatients, draw_sites
from simulate.patients.user_defined import UserDefinedValues
from simulate.scenario.sections.enrolment import Marginal, Population, correlation_matrix
from simulate.scenario.sections.parameter import Parameter
from simulate.scenario.sections.site import StudySite

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

_ONE_SITE: Mapping[str, StudySite] = MappingProxyType({})

#: The variable that cannot exceed the adult life of either partner.
DURATION = "infertility_duration_years"


@dataclass(frozen=True, slots=True)
class Patients:
    """Patients before any choice of therapy; every array has shape (replicate, patient).

    ``baseline`` holds true values, neither rounded nor missing; ``score`` their normal scores.
    ``diagnosis`` is the index in `simulate.core.coding.DIAGNOSES`; ``sites`` is None in one
    hospital, ``user_defined`` where a scenario adds nothing of its own.
    """

    diagnosis: Codes
    baseline: Mapping[str, Floats]
    score: Mapping[str, Floats]
    partner_age_years: Floats
    sites: SitesOfPatients | None = None
    user_defined: UserDefinedValues | None = None

    def reported(self, hormone: str) -> Floats:
        """Return a hormone before therapy as reported by the laboratory of each patient's site."""
        true = self.baseline[hormone]
        return true if self.sites is None else true * self.sites.measured_ratio(hormone)


def draw_patients(
    population: Population, streams: RandomStreams, sites: Mapping[str, StudySite] = _ONE_SITE
) -> Patients:
    """Simulate the patients of every replicate."""
    at = draw_sites(sites, streams)
    factor = np.linalg.cholesky(correlation_matrix(population.correlations))
    scores = np.moveaxis(streams.normal("baseline", width=len(BASELINE)) @ factor.T, -1, 0)
    score = dict(zip(BASELINE, np.ascontiguousarray(scores), strict=True))
    diagnosis = _diagnosis(population.diagnosis_log_odds, streams.uniform("diagnosis"), at)
    if at is not None:
        for name in filter(at.shifts, score):
            score[name] += at.score_shift(name)
    for name, shifts in population.score_by_diagnosis.items():
        by_diagnosis = [shifts[each].value if each in shifts else 0.0 for each in DIAGNOSES]
        score[name] += np.array(by_diagnosis)[diagnosis]
    partner_score = _partner_score(population, score["age_years"], streams)
    partner_age = value_at(population.partner_age_years, partner_score)
    baseline = {
        name: value_at(population.marginals[name], z)
        for name, z in score.items()
        if name != DURATION
    }
    longest = np.minimum(baseline["age_years"], partner_age) - population.adult_age_years.value
    score[DURATION] = _possible_score(population.marginals[DURATION], score[DURATION], longest)
    duration = value_at(population.marginals[DURATION], score[DURATION])
    baseline[DURATION] = np.minimum(duration, longest)
    return Patients(
        diagnosis=diagnosis,
        baseline={name: baseline[name] for name in BASELINE},
        score=score,
        partner_age_years=partner_age,
        sites=at,
    )


def _partner_score(population: Population, age_score: Floats, streams: RandomStreams) -> Floats:
    """Draw the normal score of the partner's age, correlated with that of the patient's."""
    shared = population.partner_age_correlation.value
    own = np.sqrt(1 - shared**2)
    score: Floats = shared * age_score + own * streams.normal("partner age")
    return score


def _possible_score(duration: Marginal, score: Floats, longest: Floats) -> Floats:
    """Return the score of the duration, drawn from durations up to the longest possible one.

    The quantile of a patient among all durations is kept among the possible ones, so that no
    rejection sampling is needed and the value is a smooth function of the score.
    """
    possible = ndtr(score_of(duration, longest))
    return np.asarray(ndtri(ndtr(score) * possible))


def recruitment_day(population: Population, streams: RandomStreams) -> Floats:
    """Return the day, counted from 0, on which each patient is enrolled, recruited evenly."""
    days: Floats = np.floor(population.recruitment_days.value * streams.uniform("recruitment"))
    return days


def quantile(marginal: Marginal, probability: Floats) -> Floats:
    """Return the quantile of this ``probability``."""
    scores: Floats = ndtri(probability)
    return value_at(marginal, scores)


def diagnosis_shares(
    log_odds: Mapping[str, Parameter], added: Mapping[str, Parameter] = MappingProxyType({})
) -> Floats:
    """Return the proportions of diagnoses from log odds against the first; ``added`` at a site."""
    further = [added[name].value if name in added else 0.0 for name in DIAGNOSES[1:]]
    own = [log_odds[name].value for name in DIAGNOSES[1:]]
    odds = np.exp([0.0] + [a + b for a, b in zip(own, further, strict=True)])
    shares: Floats = odds / odds.sum()
    return shares


def _diagnosis(
    log_odds: Mapping[str, Parameter], uniform: Floats, at: SitesOfPatients | None
) -> Codes:
    if at is None:
        inner_edges = np.cumsum(diagnosis_shares(log_odds))[:-1]
        return np.searchsorted(inner_edges, uniform, side="right").astype(np.int8)
    edges = np.array(
        [
            np.cumsum(diagnosis_shares(log_odds, site.diagnosis_log_odds))[:-1]
            for site in at.sites.values()
        ]
    )
    code: Codes = (uniform[..., None] >= edges[at.code]).sum(-1).astype(np.int8)
    return code
