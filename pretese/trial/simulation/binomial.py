"""Draw counts in place of men, where men differ in nothing but luck.

Then what a look shows is decided by how many men of each arm succeed, which is binomial, and by
when its last man arrives, which is gamma on the scale of expected arrivals. Trials drawn so follow
the same law as trials drawn man by man (`patient_level`) and come many times faster, but they
are other trials. RandomStreams is that of a trial's looks, so sizes and effects share it: counts
are quantiles at one uniform number per look and arm, and rise with the risk and with the size.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, hypergeom

from estimate.comparison.risk_difference import compare_arms, score_z
from estimate.core.arrays import Floats, Ints
from estimate.sequential.trials import follow
from pretese.trial.conduct.event_rates import Chances, chances
from pretese.trial.conduct.trial_conduct import check_filled, recruitment_of
from pretese.trial.design.design_file import DesignFile
from pretese.trial.simulation.stopped_estimates import final_estimates
from pretese.trial.simulation.trial_results import Outcomes, Point, Results
from simulate.core.random_streams import RandomStreams
from simulate.recruitment.accrual import expected_month, expected_patients
from simulate.recruitment.predictability import expected_guesses


def why_by_men(design: DesignFile, points: Sequence[Point]) -> str | None:
    """Return why trials must be drawn man by man; None if counts say it all."""
    reasons = {
        "men of a scenario differ": design.risks is None,
        "the analysis looks at more than two counts": design.analysis.method != "unadjusted",
        "arm sizes are random": design.block is None,
        "the size is re-estimated": design.monitoring.reestimation is not None,
        "the last look falls inside a block": any(men % (design.block or 1) for men, _ in points),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


@dataclass(frozen=True, slots=True)
class Counts:
    """What each look shows of each arm, (arm, look, trial), control first.

    Attributes
    ----------
    events, men
        Successes, and men analysed, up to the look.
    """

    events: Ints
    men: Ints


@dataclass(frozen=True, slots=True)
class Calendar:
    """When each look is taken and who is there by then, (look, trial).

    Looks of a trial are right one by one, not together: of a trial only the look where it ends is
    told.

    Attributes
    ----------
    months
        Since the opening of the trial.
    recruited, exposed
        Men recruited; those of them randomised to treatment.
    """

    months: Floats
    recruited: Ints
    exposed: Ints


def count_block(
    design: DesignFile, seed: int, points: Sequence[Point], first: int, size: int
) -> Results:
    """Draw trials ``first .. first + size - 1`` of a design at every point.

    Parameters
    ----------
    first
        A multiple of `simulate.core.random_streams.CHUNK`.
    """
    streams = RandomStreams(seed, size, len(design.monitoring.looks_percent), first_patient=first)
    found: Results = {}
    for men in sorted({men for men, _ in points}):
        calendar = draw_calendar(design, men, streams)
        for effect in sorted({effect for m, effect in points if m == men}):
            chance = chances(design, effect)
            counts = draw_counts(design, men, chance, streams)
            found[men, effect] = end_trials(design, men, chance, counts, calendar)
    return found


def draw_counts(design: DesignFile, men: int, chance: Chances, streams: RandomStreams) -> Counts:
    """Draw what looks at trials of ``men`` show, whether or not a trial gets that far."""
    came = np.diff(arms_at_looks(design, men), axis=0, prepend=0)
    events, analysed = (
        np.empty((2, streams.replicates, streams.patients), np.int64) for _ in range(2)
    )
    for arm, name in enumerate(("control", "treated")):
        won = streams.uniform(f"counts: success, {name}")
        there = streams.uniform(f"counts: analysed, {name}") if chance.analysed[arm] < 1 else None
        for look, new in enumerate(came[:, arm]):
            left: int | Ints = int(new)
            if there is not None:
                left = binomial_quantile(there[look], int(new), chance.analysed[arm])
            analysed[arm, look] = left
            events[arm, look] = binomial_quantile(won[look], left, chance.success[arm])
    return Counts(events.cumsum(1), analysed.cumsum(1))


def binomial_quantile(uniform: Floats, men: int | Ints, share: float) -> Ints:
    """Return (trial,) binomial counts: the quantiles of these many men at uniform numbers.

    >>> binomial_quantile(np.array([0.2, 0.3, 0.9]), np.array([2, 2, 1]), 0.5).tolist()
    [0, 1, 1]
    """
    sizes = np.unique(men)
    if sizes.size == 1:
        return _quantile(uniform, int(sizes[0]), share)
    found = np.empty(uniform.shape, np.int64)
    for size in sizes:
        found[men == size] = _quantile(uniform[men == size], int(size), share)
    return found


def _quantile(uniform: Floats, men: int, share: float) -> Ints:
    below = binom.cdf(np.arange(men), men, share)  # the last count takes the rest
    return np.searchsorted(below, uniform, side="right")


def draw_calendar(design: DesignFile, men: int, streams: RandomStreams) -> Calendar:
    """Draw when each look falls: its last man must have come, and his endpoint be known.

    Men go on arriving until then, unless the trial is full.

    Raises
    ------
    InputError
        Recruitment ends before the last man.
    """
    arms, rates = arms_at_looks(design, men), recruitment_of(design).joined()
    waited_for = arms.sum(1)
    heap = streams.waiting("counts: arrivals", np.diff(waited_for, prepend=0)).cumsum(0)
    months = expected_month(rates, heap)
    check_filled(design, months, men)
    known = months + design.known_after_months
    more = np.maximum(expected_patients(rates, known)[..., 0] - heap, 0.0)
    left = (men - waited_for)[:, None]
    over = np.minimum(streams.poisson("counts: overrun", np.where(left > 0, more, 0.0)), left)
    over = over.astype(np.int64)
    exposed = arms[:, 1:] + _treated_of(design, over, streams.uniform("counts: overrun arms"))
    return Calendar(known, waited_for[:, None] + over, exposed)


def _treated_of(design: DesignFile, men: Ints, uniform: Floats) -> Ints:
    """Return how many of the first men of new blocks are treated: whole blocks, and a part."""
    block, treated = design.step, men_in_block(design)[1]
    whole, part = np.divmod(men, block)
    found = whole * treated
    for size in range(1, block):
        here = part == size
        below = hypergeom.cdf(np.arange(size), block, treated, size)
        found[here] += np.searchsorted(below, uniform[here], side="right")
    return np.asarray(found)


def end_trials(
    design: DesignFile, men: int, chance: Chances, counts: Counts, calendar: Calendar
) -> Outcomes:
    """Compare the arms at every look, and end each trial where its bounds say."""
    looks = range(counts.men.shape[1])
    z = np.stack([_statistics(counts.events[:, k], counts.men[:, k]) for k in looks], -1)
    ends = follow(design.monitoring.plan(), z)
    here = (ends.look - 1, np.arange(ends.look.size))
    tables, back = _distinct(counts.events[:, *here], counts.men[:, *here])
    x1, n1, x0, n0 = tables
    answers = compare_arms(x1, n1, x0, n0, design.estimand, variance="Farrington-Manning")
    told = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "n")
    found = {name: getattr(answers, name)[back].astype(float) for name in told}
    on_scale = {name: found[name] for name in ("estimate", "conf_low", "conf_high")}

    def alike(value: float) -> Floats:
        return np.full(ends.look.size, float(value))

    return Outcomes(
        look=ends.look.astype(float),
        rejected=ends.rejected.astype(float),
        z=ends.z,
        analysed=found.pop("n"),
        **found,
        **final_estimates(design, ends.look, ends.z, **on_scale),
        full_men=alike(men),
        recruited=calendar.recruited[here].astype(float),
        exposed=calendar.exposed[here].astype(float),
        months=calendar.months[here],
        risk_control=alike(chance.risks[0]),
        risk_treated=alike(chance.risks[1]),
        target=alike(chance.target),
        guessed=alike(expected_guesses(*men_in_block(design))),
        imbalance=alike(0),
    )


def _statistics(events: Ints, men: Ints) -> Floats:
    """Return (trial,) score statistics of (arm, trial) counts; NaN if an arm is empty."""
    tables, back = _distinct(events, men)
    x1, n1, x0, n0 = tables
    empty = (n1 < 1) | (n0 < 1)
    z = score_z(x1, np.maximum(n1, 1), x0, np.maximum(n0, 1))
    return np.asarray(np.where(empty, np.nan, z)[back])


def _distinct(events: Ints, men: Ints) -> tuple[Ints, Ints]:
    """Return the distinct tables, (events and men of treated, of control), and each trial's.

    Trials of one size share few tables, so each is compared once.
    """
    columns = np.stack([events[1], men[1], events[0], men[0]])
    number = np.zeros(columns.shape[1], np.int64)
    for column in columns:  # at most 50,001 to the power of 4: less than 2**63
        number = number * (column.max() + 1) + column
    _, first, back = np.unique(number, return_index=True, return_inverse=True)
    return columns[:, first], back


def arms_at_looks(design: DesignFile, men: int) -> Ints:
    """Return (look, 2) men randomised to control and to treatment by each look."""
    blocks = np.asarray(design.looks_at(men)) // design.step
    return np.asarray(blocks[:, None] * men_in_block(design))


def men_in_block(design: DesignFile) -> tuple[int, int]:
    """Return the men of control and of treatment in a block."""
    control, treated = design.allocation
    rounds = design.step // (control + treated)
    return control * rounds, treated * rounds
