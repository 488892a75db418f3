"""Simulate trial conduct: recruitment, randomisation, treatment switching, dropout, endpoints."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pretese.trial.conduct.margin_limits import at_the_margins
from pretese.trial.conduct.participants import EligiblePatients, draw_eligible
from pretese.trial.conduct.strata import levels_of_factor
from pretese.trial.design.design_file import DesignFile
from protocol.errors import InputError
from simulate.core.random_streams import RandomStreams
from simulate.recruitment.accrual import (
    Recruitment,
    Site,
    combine,
    draw_arrivals,
    expected_month,
    expected_patients,
)
from simulate.recruitment.schemes import SCHEMES, Arrivals
from simulate.scenario import Scenario

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

#: Replicate number that no study uses.
FAR = 2**40


@dataclass(frozen=True, slots=True)
class Participants:
    """Eligible patients with their potential outcomes, shape (replicate, participant).

    Attributes
    ----------
    site
        Index of the site, from 0.
    would_cross
        Pair (control, treated): whether the participant would switch from that arm.
    eligible
        Potential outcomes.
    responds
        Uniform number: in a trial with a fraction f of the effect, participants below f respond.
    """

    site: Codes
    would_switch: tuple[Flags, Flags]
    eligible: EligiblePatients
    responds: Floats

    def potential(
        self, effect: float, endpoint: int = 0, *, switching: bool = True
    ) -> tuple[Flags, Flags]:
        """Return potential outcomes under control and treatment, with ``switching`` as received."""
        of = self.eligible.endpoints[endpoint]
        return self._assigned(of.success, effect, switching, of.at_null)

    def counted(
        self, effect: float, endpoint: int = 0, *, switching: bool = True
    ) -> tuple[Flags, Flags]:
        """Return whether the participant counts if randomised to control and to treatment."""
        return self._assigned(self.eligible.endpoints[endpoint].counted, effect, switching)

    def days(
        self, effect: float, endpoint: int = 0, *, switching: bool = True
    ) -> tuple[Codes, Codes]:
        """Return the last day of follow-up of a time under control and under treatment."""
        days = self.eligible.endpoints[endpoint].days
        if days is None:
            raise ValueError("the endpoint is not a time")  # checked by the caller
        control, treated = self._assigned(days, effect, switching)
        return control.astype(np.int64), treated.astype(np.int64)

    def _assigned(
        self,
        pair: tuple[NDArray[Any], NDArray[Any]],
        effect: float,
        switching: bool,
        at_null: Flags | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        control = pair[0]
        without = control if at_null is None else at_null
        treated = np.where(self.responds < effect, pair[1], without)
        if not switching:
            return control, treated
        switched = self.would_switch
        return (
            np.where(switched[0], treated, control),
            np.where(switched[1], control, treated),
        )


@dataclass(frozen=True, slots=True)
class Trials:
    """Trials without early stopping, shape (replicate, participant), in order of arrival.

    The first n participants of a large trial are the trial of n participants.

    Attributes
    ----------
    participants_
        Eligible patients.
    arrival_months
        Months since the trial opened.
    arm
        As randomised: 0 control, 1 treated.
    received
        Arm whose treatment was received; differs from ``arm`` after treatment switching.
    lost
        Whether the participant drops out before the endpoint.
    dropout_uniform
        Uniform number below the probability of dropout for those who drop out; None for the few
        kinds of participants with fixed event rates.
    streams
        Random streams of the trials; None for those kinds.
    """

    participants_: Participants
    arrival_months: Floats
    arm: Codes
    received: Codes
    dropped_out: Flags
    dropout_uniform: Floats | None = None
    streams: RandomStreams | None = None

    @property
    def site(self) -> Codes:
        """Index of each participant's site, from 0."""
        return self.participants_.site

    @property
    def eligible(self) -> EligiblePatients:
        """Potential outcomes and baseline values of the participants."""
        return self.participants_.eligible

    @property
    def diagnosis(self) -> Codes:
        """Diagnosis of each participant, as a code."""
        return self.eligible.diagnosis

    @property
    def baseline(self) -> dict[str, Floats]:
        """Recorded baseline values of the participants, NaN where missing."""
        return self.eligible.baseline


def draw_trials(
    design: DesignFile,
    scenario: Scenario | None,
    seed: int,
    participants: int,
    replicates: int,
    first: int = 0,
) -> Trials:
    """Simulate trials ``first`` to ``first + replicates - 1``.

    Raises
    ------
    InputError
        Recruitment ends before the last participant.
    """
    streams = RandomStreams(seed, participants, replicates, first)
    arrival, site = _arrivals(design, streams)
    participants_ = _participants(design, scenario, streams, arrival, site)
    arm = _randomise(design, streams, site, participants_.eligible)
    switched = np.where(arm == 1, participants_.would_switch[1], participants_.would_switch[0])
    shares = np.array([design.dropout.control_percent, design.dropout.treated_percent]) / 100
    drawn = streams.uniform("trial dropout")
    return Trials(
        participants_=participants_,
        arrival_months=arrival,
        arm=arm,
        received=np.where(switched, 1 - arm, arm),
        dropped_out=np.asarray(drawn < shares[arm]),
        dropout_uniform=drawn,
        streams=streams,
    )


def simulate_participants(
    design: DesignFile, scenario: Scenario | None, seed: int, participants: int, replicates: int
) -> Participants:
    """Simulate more participants than a trial recruits, independent of those of all trials."""
    own = RandomStreams(seed, design.participants, replicates, FAR)
    arrival, site = _arrivals(design, own)
    again = np.arange(participants) % design.participants
    streams = RandomStreams(seed, participants, replicates, FAR)
    return _participants(design, scenario, streams, arrival[:, again], site[:, again])


def _participants(
    design: DesignFile,
    scenario: Scenario | None,
    streams: RandomStreams,
    arrival: Floats,
    site: Codes,
) -> Participants:
    switching = streams.uniform("treatment_switching")
    eligible = draw_eligible(
        design, scenario, streams, liability_shift(design, streams, arrival, site)
    )
    if scenario is not None and any(q.analysis.margin_percent for q in design.questions):
        eligible = at_the_margins(design, scenario, eligible, streams)
    return Participants(
        site=site,
        would_switch=(
            switching < design.treatment_switching.control_percent / 100,
            switching < design.treatment_switching.treated_percent / 100,
        ),
        eligible=eligible,
        responds=streams.uniform("trial effect"),
    )


def recruitment_of(design: DesignFile) -> Recruitment:
    """Return the recruitment rates of all sites of a design."""
    return combine(
        [
            Site(each.from_month, tuple(rate / 12 for rate in each.recruitment_per_year), each.ramp)
            for each in design.sites
        ]
    )


def check_sites(design: DesignFile) -> None:
    """Raise `InputError` if a site that is a stratum opens after recruitment is expected to end."""
    if "site" not in {*design.randomisation.by, *design.analysis.strata}:
        return
    rates = recruitment_of(design)
    month = float(expected_month(rates.joined(), design.participants))
    if not np.isfinite(month):
        return  # recruitment ends too early: `check_filled`
    empty = expected_patients(rates, month) <= 0
    names = [site.name for site, none in zip(design.sites, empty, strict=True) if none]
    if names:
        problem = f"{', '.join(names)}: opens after recruitment ends in month {month:.1f}"
        raise InputError.of(
            design.id, "sites", problem, "open it earlier, or plan more participants"
        )


def check_filled(design: DesignFile, months: Floats, participants: int) -> None:
    """Raise `InputError` if recruitment ends before all these participants have arrived."""
    if not np.isfinite(months).all():
        problem = f"recruitment ends before {participants} participants are recruited"
        raise InputError.of(
            design.id, "sites", problem, "keep a rate above 0, or plan fewer participants"
        )


def _arrivals(design: DesignFile, streams: RandomStreams) -> tuple[Floats, Codes]:
    gap, where = streams.uniform("gap"), streams.uniform("site")
    months, site = draw_arrivals(recruitment_of(design), gap, where)
    check_filled(design, months, streams.patients)
    return months, site


def liability_shift(
    design: DesignFile, streams: RandomStreams, arrival: Floats, site: Codes
) -> Floats | None:
    """Return the effect of site and calendar time on the liability of each participant, or None."""
    found: Floats | None = None
    if design.site_sd is not None:
        found = _site_level(design, design.site_sd.value, streams, site)
    if design.calendar_trend is not None:
        drifted = design.calendar_trend.value * arrival / 12
        found = drifted if found is None else found + drifted
    return found


def _site_level(design: DesignFile, sd: float, streams: RandomStreams, site: Codes) -> Floats:
    """Return the random site effect of each participant, independent of the sample size."""
    sites = RandomStreams(streams.seed, len(design.sites), streams.replicates, streams.first)
    level = sd * sites.normal("site level")
    return np.asarray(np.take_along_axis(level, site, 1))


class Arrived(NamedTuple):
    """Data of participants known at randomisation."""

    site: Codes
    diagnosis: Codes
    baseline: dict[str, Floats]


def _randomise(
    design: DesignFile, streams: RandomStreams, site: Codes, eligible: EligiblePatients
) -> Codes:
    rule = design.randomisation
    who = Arrived(site, eligible.diagnosis, eligible.baseline)
    factors = (levels_of_factor(design, name, who) for name in rule.by)
    return SCHEMES[rule.method].assign(
        Arrivals(
            uniform=streams.uniform("arm"),
            size_uniform=streams.uniform("block size")
            if len(design.rounds_of_blocks) > 1
            else None,
            allocation=design.allocation,
            factors=tuple(factors),
            rounds_of_blocks=design.rounds_of_blocks,
            probability=rule.probability_percent / 100,
        )
    )
