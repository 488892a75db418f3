"""Simulate binomial counts instead of patients, where event rates are fixed.

Each analysis depends only on the number of events in each arm, which is binomial, and on the
arrival of its last participant, which is gamma on the scale of expected arrivals. The distribution
is that of `patient_level`, in a fraction of the time. Counts are quantiles at one uniform number
per analysis and arm, so all sample sizes and effects use common random numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, hypergeom

from estimate.core.arrays import Floats, Ints
from estimate.core.numeric.distinct import distinct_columns
from estimate.core.result import RATIOS
from estimate.sequential.trials import follow
from pretese.trial.conduct.event_rates import ArmRates, arm_rates
from pretese.trial.conduct.trial_conduct import check_filled, recruitment_of
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.endpoint import IMPUTED
from pretese.trial.simulation.stopped_estimates import final_estimates
from pretese.trial.simulation.trial_results import Outcomes, Point, Results
from simulate.core.random_streams import RandomStreams
from simulate.recruitment.accrual import expected_month, expected_patients
from simulate.recruitment.predictability import expected_guesses


def why_patient_level(design: DesignFile, points: Sequence[Point]) -> str | None:
    """Return why patients must be simulated; None if counts suffice."""
    reasons = {
        "the design names a scenario": design.risks is None,
        "the analysis needs more than the counts of both arms": not design.analysis.by_counts,
        "missing outcomes are imputed": design.endpoint.missing == IMPUTED,
        "dropout depends on outcome or covariates": design.dropout.informative,
        "arm sizes are random": design.block is None,
        "decisions wait for participants whose endpoint is awaited": (
            design.monitoring.decision_analysis is not None
        ),
        "the sample size is re-estimated": design.monitoring.reestimation is not None,
        "the final analysis falls inside a block": any(
            participants % (design.block or 1) for participants, _ in points
        ),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


@dataclass(frozen=True, slots=True)
class Counts:
    """Cumulative counts at each analysis, (arm, analysis, replicate), control first.

    Attributes
    ----------
    events, participants
        Events, and participants analysed, up to the analysis.
    """

    events: Ints
    participants: Ints


@dataclass(frozen=True, slots=True)
class Calendar:
    """Time and recruitment at each analysis, (analysis, replicate).

    The marginal distribution at each analysis is exact, the joint distribution is not: only the
    analysis at which a trial ends is used.

    Attributes
    ----------
    months
        Months since the opening of the trial.
    recruited, exposed
        Participants recruited; those of them randomised to treatment.
    """

    months: Floats
    recruited: Ints
    n_experimental: Ints


def count_block(
    design: DesignFile, seed: int, points: Sequence[Point], first: int, size: int
) -> Results:
    """Simulate replicates ``first .. first + size - 1`` of a design at every point.

    Parameters
    ----------
    first
        A multiple of `simulate.core.random_streams.CHUNK`.
    """
    streams = RandomStreams(
        seed, size, len(design.monitoring.analyses_percent), first_patient=first
    )
    found: Results = {}
    for participants in sorted({participants for participants, _ in points}):
        calendar = draw_calendar(design, participants, streams)
        for effect in sorted({effect for m, effect in points if m == participants}):
            chance = arm_rates(design, effect)
            counts = draw_counts(design, participants, chance, streams)
            found[participants, effect] = end_trials(design, participants, chance, counts, calendar)
    return found


def draw_counts(
    design: DesignFile, participants: int, chance: ArmRates, streams: RandomStreams
) -> Counts:
    """Simulate the counts at all analyses of trials of ``participants``."""
    came = np.diff(arms_at_analyses(design, participants), axis=0, prepend=0)
    events, analysed = (
        np.empty((2, streams.replicates, streams.patients), np.int64) for _ in range(2)
    )
    for arm, name in enumerate(("control", "treated")):
        won = streams.uniform(f"counts: success, {name}")
        there = streams.uniform(f"counts: analysed, {name}") if chance.analysed[arm] < 1 else None
        for analysis, new in enumerate(came[:, arm]):
            left: int | Ints = int(new)
            if there is not None:
                left = binomial_quantile(there[analysis], int(new), chance.analysed[arm])
            analysed[arm, analysis] = left
            events[arm, analysis] = binomial_quantile(won[analysis], left, chance.success[arm])
    return Counts(events.cumsum(1), analysed.cumsum(1))


def binomial_quantile(uniform: Floats, participants: int | Ints, share: float) -> Ints:
    """Return (replicate,) binomial quantiles of these sample sizes at uniform numbers.

    >>> binomial_quantile(np.array([0.2, 0.3, 0.9]), np.array([2, 2, 1]), 0.5).tolist()
    [0, 1, 1]
    """
    sizes = np.unique(participants)
    if sizes.size == 1:
        return _quantile(uniform, int(sizes[0]), share)
    found = np.empty(uniform.shape, np.int64)
    for size in sizes:
        found[participants == size] = _quantile(uniform[participants == size], int(size), share)
    return found


def _quantile(uniform: Floats, participants: int, share: float) -> Ints:
    below = binom.cdf(np.arange(participants), participants, share)  # all of the rest
    return np.searchsorted(below, uniform, side="right")


def draw_calendar(design: DesignFile, participants: int, streams: RandomStreams) -> Calendar:
    """Simulate the time of each analysis: when its last endpoint is known.

    Recruitment continues until then, unless the trial is complete.

    Raises
    ------
    InputError
        Recruitment ends before the last participant.
    """
    arms, rates = arms_at_analyses(design, participants), recruitment_of(design).joined()
    waited_for = arms.sum(1)
    heap = streams.waiting("counts: arrivals", np.diff(waited_for, prepend=0)).cumsum(0)
    months = expected_month(rates, heap)
    check_filled(design, months, participants)
    known = months + design.endpoint_month
    more = np.maximum(expected_patients(rates, known)[..., 0] - heap, 0.0)
    left = (participants - waited_for)[:, None]
    over = np.minimum(streams.poisson("counts: overrunning", np.where(left > 0, more, 0.0)), left)
    over = over.astype(np.int64)
    n_experimental = arms[:, 1:] + _treated_of(
        design, over, streams.uniform("counts: overrunning arms")
    )
    return Calendar(known, waited_for[:, None] + over, n_experimental)


def _treated_of(design: DesignFile, participants: Ints, uniform: Floats) -> Ints:
    """Return the number of treated participants among the first ones of new blocks."""
    block, treated = design.step, arms_in_block(design)[1]
    whole, part = np.divmod(participants, block)
    found = whole * treated
    for size in range(1, block):
        here = part == size
        below = hypergeom.cdf(np.arange(size), block, treated, size)
        found[here] += np.searchsorted(below, uniform[here], side="right")
    return np.asarray(found)


def end_trials(
    design: DesignFile, participants: int, chance: ArmRates, counts: Counts, calendar: Calendar
) -> Outcomes:
    """Compare the arms at every analysis, and stop each trial by its boundaries."""
    analyses = range(counts.participants.shape[1])
    z = np.stack(
        [_statistics(design, counts.events[:, k], counts.participants[:, k]) for k in analyses], -1
    )
    ends = follow(design.monitoring.plan(), z)
    here = (ends.analysis - 1, np.arange(ends.analysis.size))
    tables, back = _distinct(counts.events[:, *here], counts.participants[:, *here])
    x1, n1, x0, n0 = tables
    test = design.analysis.count_test(design.monitoring.sides)
    answers = test.compare(x1, n1, x0, n0, design.estimand)
    names = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "n")
    found = {name: getattr(answers, name)[back].astype(float) for name in names}
    on_scale = {name: found[name] for name in ("estimate", "conf_low", "conf_high")}
    if answers.scale in RATIOS:
        with np.errstate(divide="ignore"):
            on_scale = {name: np.log(values) for name, values in on_scale.items()}
        found |= on_scale

    def alike(value: float) -> Floats:
        return np.full(ends.analysis.size, float(value))

    return Outcomes(
        analysis=ends.analysis.astype(float),
        rejected=ends.rejected.astype(float),
        z=ends.z,
        analysed=found.pop("n"),
        **found,
        **final_estimates(design, ends.analysis, ends.z, **on_scale),
        final_size=alike(participants),
        recruited=calendar.recruited[here].astype(float),
        n_experimental=calendar.n_experimental[here].astype(float),
        months=calendar.months[here],
        risk_control=alike(chance.risks[0]),
        risk_treated=alike(chance.risks[1]),
        target=alike(chance.target),
        correct_guess_rate=alike(expected_guesses(*arms_in_block(design))),
        imbalance=alike(0),
    )


def _statistics(design: DesignFile, events: Ints, participants: Ints) -> Floats:
    """Return (replicate,) statistics of (arm, replicate) counts; NaN if an arm is empty."""
    tables, back = _distinct(events, participants)
    x1, n1, x0, n0 = tables
    return design.analysis.count_test(design.monitoring.sides).z(x1, n1, x0, n0)[back]


def _distinct(events: Ints, participants: Ints) -> tuple[Ints, Ints]:
    """Return the distinct tables of counts, and the table of each replicate.

    Trials of one size have few distinct tables, so that each is analysed once.
    """
    columns = np.stack([events[1], participants[1], events[0], participants[0]])
    place, kind = distinct_columns(columns)
    return columns[:, place], kind


def arms_at_analyses(design: DesignFile, participants: int) -> Ints:
    """Return (analysis, 2) participants randomised to control and treatment."""
    blocks = np.asarray(design.analyses_at(participants)) // design.step
    return np.asarray(blocks[:, None] * arms_in_block(design))


def arms_in_block(design: DesignFile) -> tuple[int, int]:
    """Return the participants of control and of treatment in a block."""
    control, treated = design.allocation
    rounds = design.step // (control + treated)
    return control * rounds, treated * rounds
