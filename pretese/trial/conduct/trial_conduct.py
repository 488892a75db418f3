"""Run trials up to their data: men arrive, are randomised, cross over, drop out, have endpoints."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pretese.trial.conduct.participants import Candidates, draw_candidates
from pretese.trial.design.design_file import DesignFile
from protocol.errors import InputError
from simulate.core.coding import DIAGNOSES
from simulate.core.random_streams import RandomStreams
from simulate.recruitment.accrual import (
    Recruitment,
    Site,
    combine,
    draw_arrivals,
    expected_month,
    expected_patients,
)
from simulate.recruitment.schemes import SCHEMES, Arrivals, Factor, joint_strata
from simulate.scenario import Scenario

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

#: Number of a replicate beyond those of any study.
FAR = 2**40


@dataclass(frozen=True, slots=True)
class People:
    """Men before randomisation with all that would happen to them, shape (replicate, man).

    Attributes
    ----------
    site
        Number of his site, from 0.
    would_cross
        Pair (control, treated): whether he would cross over from that arm.
    candidates
        What would happen to him.
    responds
        Uniform: in a trial with a share f of the effect, those below f have it.
    """

    site: Codes
    would_cross: tuple[Flags, Flags]
    candidates: Candidates
    responds: Floats

    def potential(
        self, effect: float, endpoint: int = 0, *, crossing: bool = True
    ) -> tuple[Flags, Flags]:
        """Return success if randomised to control and to treated; ``crossing``: as men would."""
        return self._assigned(self.candidates.endpoints[endpoint].success, effect, crossing)

    def counted(
        self, effect: float, endpoint: int = 0, *, crossing: bool = True
    ) -> tuple[Flags, Flags]:
        """Return whether he would count if randomised to control and to treated."""
        return self._assigned(self.candidates.endpoints[endpoint].counted, effect, crossing)

    def _assigned(
        self, pair: tuple[Flags, Flags], effect: float, crossing: bool
    ) -> tuple[Flags, Flags]:
        control = pair[0]
        treated = np.where(self.responds < effect, pair[1], control)
        if not crossing:
            return control, treated
        crossed = self.would_cross
        return (
            np.where(crossed[0], treated, control),
            np.where(crossed[1], control, treated),
        )


@dataclass(frozen=True, slots=True)
class Trials:
    """Trials as if none stopped early, shape (replicate, man), men in order of arrival.

    The first n men of a large trial are the trial of n men.

    Attributes
    ----------
    people
        The men.
    arrival_months
        Months since the trial opened.
    arm
        As randomised: 0 control, 1 treated.
    received
        Arm whose treatment he took; differs from ``arm`` if he crossed over.
    lost
        Whether he drops out before his endpoint.
    """

    people: People
    arrival_months: Floats
    arm: Codes
    received: Codes
    lost: Flags

    @property
    def site(self) -> Codes:
        """Number of each man's site, from 0."""
        return self.people.site

    @property
    def candidates(self) -> Candidates:
        """What would happen to each man."""
        return self.people.candidates


def draw_trials(
    design: DesignFile,
    scenario: Scenario | None,
    seed: int,
    men: int,
    replicates: int,
    first: int = 0,
) -> Trials:
    """Draw trials ``first`` to ``first + replicates - 1``.

    Raises
    ------
    InputError
        Recruitment ends before the last man.
    """
    streams = RandomStreams(seed, men, replicates, first)
    arrival, site = _arrivals(design, streams)
    people = _people(design, scenario, streams, arrival, site)
    arm = _randomise(design, streams, site, people.candidates)
    crossed = np.where(arm == 1, people.would_cross[1], people.would_cross[0])
    shares = np.array([design.dropout.control_percent, design.dropout.treated_percent]) / 100
    return Trials(
        people=people,
        arrival_months=arrival,
        arm=arm,
        received=np.where(crossed, 1 - arm, arm),
        lost=np.asarray(streams.uniform("trial dropout") < shares[arm]),
    )


def draw_people(
    design: DesignFile, scenario: Scenario | None, seed: int, men: int, replicates: int
) -> People:
    """Draw more men than a trial recruits, at its sites, apart from those of all its trials."""
    own = RandomStreams(seed, design.men, replicates, FAR)
    arrival, site = _arrivals(design, own)
    again = np.arange(men) % design.men
    streams = RandomStreams(seed, men, replicates, FAR)
    return _people(design, scenario, streams, arrival[:, again], site[:, again])


def _people(
    design: DesignFile,
    scenario: Scenario | None,
    streams: RandomStreams,
    arrival: Floats,
    site: Codes,
) -> People:
    crossing = streams.uniform("crossover")
    return People(
        site=site,
        would_cross=(
            crossing < design.crossover.control_percent / 100,
            crossing < design.crossover.treated_percent / 100,
        ),
        candidates=draw_candidates(
            design, scenario, streams, _shift(design, streams, arrival, site)
        ),
        responds=streams.uniform("trial effect"),
    )


def recruitment_of(design: DesignFile) -> Recruitment:
    """Return the rates of all sites of a design."""
    return combine(
        [
            Site(each.at_months, tuple(rate / 12 for rate in each.men_in_12_months), each.ramp)
            for each in design.sites
        ]
    )


def check_sites(design: DesignFile) -> None:
    """Raise `InputError` if a site that is a stratum opens when all men are expected elsewhere."""
    if "site" not in {*design.randomisation.by, *design.analysis.strata}:
        return
    rates = recruitment_of(design)
    month = float(expected_month(rates.joined(), design.men))
    if not np.isfinite(month):
        return  # recruitment ends too early: `check_filled`
    empty = expected_patients(rates, month) <= 0
    names = [site.name for site, none in zip(design.sites, empty, strict=True) if none]
    if names:
        problem = f"{', '.join(names)}: strata without men, who have all come by month {month:.1f}"
        raise InputError.of(design.id, "sites", problem, "open it earlier, or plan more men")


def check_filled(design: DesignFile, months: Floats, men: int) -> None:
    """Raise `InputError` if some of the men who are to arrive in these months never do."""
    if not np.isfinite(months).all():
        problem = f"recruitment ends before {men} men have come"
        raise InputError.of(
            design.id, "sites", problem, "let a rate stay above 0, or plan fewer men"
        )


def _arrivals(design: DesignFile, streams: RandomStreams) -> tuple[Floats, Codes]:
    gap, where = streams.uniform("gap"), streams.uniform("site")
    months, site = draw_arrivals(recruitment_of(design), gap, where)
    check_filled(design, months, streams.patients)
    return months, site


def _shift(
    design: DesignFile, streams: RandomStreams, arrival: Floats, site: Codes
) -> Floats | None:
    """Return what site and calendar add to each liability, in either arm; None: nothing."""
    found: Floats | None = None
    if design.site_spread is not None:
        found = _site_level(design, design.site_spread.value, streams, site)
    if design.drift is not None:
        drifted = design.drift.value * arrival / 12
        found = drifted if found is None else found + drifted
    return found


def _site_level(design: DesignFile, spread: float, streams: RandomStreams, site: Codes) -> Floats:
    """Give every site of every trial its own level, the same however large the trial."""
    sites = RandomStreams(streams.seed, len(design.sites), streams.replicates, streams.first)
    level = spread * sites.normal("site level")
    return np.asarray(np.take_along_axis(level, site, 1))


def strata_of(
    factors: tuple[str, ...], site: Codes, sites: int, diagnosis: Codes
) -> tuple[Codes, int]:
    """Return each man's combination of factors, and how many combinations there are."""
    return joint_strata([_factor(name, site, sites, diagnosis) for name in factors], site.shape)


def _factor(name: str, site: Codes, sites: int, diagnosis: Codes) -> Factor:
    return (site, sites) if name == "site" else (diagnosis, len(DIAGNOSES))


def _randomise(
    design: DesignFile, streams: RandomStreams, site: Codes, candidates: Candidates
) -> Codes:
    rule, sites = design.randomisation, len(design.sites)
    factors = (_factor(name, site, sites, candidates.diagnosis) for name in rule.by)
    return SCHEMES[rule.method].assign(
        Arrivals(
            uniform=streams.uniform("arm"),
            size_uniform=streams.uniform("block size") if len(rule.repeats) > 1 else None,
            allocation=design.allocation,
            factors=tuple(factors),
            repeats=rule.repeats,
            probability=rule.probability_percent / 100,
        )
    )
