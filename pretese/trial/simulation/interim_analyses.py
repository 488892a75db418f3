"""Analyses of simulated trials: sample sizes, estimates, and test statistics."""

from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Floats, Ints
from estimate.core.result import Estimate
from estimate.sequential.combination import inverse_normal
from estimate.sequential.delayed.decision_analysis import critical_decision
from estimate.sequential.trials import Conduct, follow
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.simulation.arm_comparison import analyse_trials, signed_statistic
from pretese.trial.simulation.reestimation import blinded_size, resized


@dataclass(frozen=True, slots=True)
class Analyses:
    """All analyses of trials without early stopping.

    Attributes
    ----------
    participants
        (replicate, analysis) participants whose endpoints are known at the analysis.
    answers
        Estimates of each analysis, from all participants up to it.
    z
        (replicate, analysis) statistics to be compared with the boundaries.
    decision
        How trials ended that wait for participants before they decide; None for others.
    """

    participants: Ints
    answers: tuple[Estimate, ...]
    z: Floats
    decision: "DecisionEnd | None" = None


@dataclass(frozen=True, slots=True)
class DecisionEnd:
    """Ends of trials with decision analyses, (replicate,) arrays.

    Attributes
    ----------
    crossed
        1 where an interim analysis crossed the efficacy boundary, -1 the futility or harm boundary,
        0 where none did.
    interim_z
        Statistic of the analysis at which recruitment stopped.
    participants
        Participants of the last analysis, those awaited included.
    awaited
        Participants awaited when recruitment stopped.
    answer
        Estimates of the last analysis.
    conduct
        Analysis at which recruitment stopped, rejection, and last statistic.
    """

    crossed: Ints
    interim_z: Floats
    participants: Ints
    awaited: Ints
    answer: Estimate
    conduct: Conduct


def run_analyses(data: Data, participants: int, sizes: Ints | None = None) -> Analyses:
    """Perform the analyses of trials planned for ``participants``.

    After re-estimation the participants before and after that analysis are analysed separately and
    combined with the planned weights, unless the design is naive or the re-estimation blinded.

    Parameters
    ----------
    sizes
        (replicate, analysis) participants at each analysis, of a trial whose size was re-estimated
        from another endpoint; None re-estimates it from this one.
    """
    design = data.design
    counts, rule = design.analyses_at(participants), design.monitoring.reestimation
    early = len(counts) if rule is None else rule.at_analysis
    answers = [analyse_trials(data.cut(count)) for count in counts[:early]]
    z = np.stack([signed_statistic(answer) for answer in answers], -1)
    if sizes is None and rule is not None and rule.blinded:
        sizes = _blinded_sizes(data, participants, counts[early - 1])
    elif sizes is None:
        sizes = resized(design, participants, z[:, -1])
    if rule is None:
        return Analyses(sizes, tuple(answers), z, _decided(data, counts, z))
    later = [sizes[:, analysis] for analysis in range(early, len(counts))]
    answers += [analyse_trials(data.cut(last)) for last in later]
    if rule.tests_everyone:
        new: Floats = np.stack([signed_statistic(answer) for answer in answers[early:]], -1)
    else:
        own = [
            signed_statistic(analyse_trials(data.cut(last, counts[early - 1]))) for last in later
        ]
        new = combined(design.monitoring.plan().information_rates, z[:, -1], np.stack(own, -1))
    return Analyses(sizes, tuple(answers), np.concatenate([z, new], -1))


def _blinded_sizes(data: Data, participants: int, seen: int) -> Ints:
    """Return (replicate, analysis) sizes chosen by the events of both arms together."""
    early = data.cut(seen)
    known = early.include.sum(1)
    events = (early.outcome * early.include).sum(1)
    final = blinded_size(data.design, participants, events, known)
    return np.stack([np.full(final.shape, seen), final], -1)


def _decided(data: Data, counts: tuple[int, ...], z: Floats) -> DecisionEnd | None:
    """Return how trials end that wait for the participants recruited before they stopped."""
    plan, rule = data.design.monitoring.plan(), data.design.monitoring.decision_analysis
    if rule is None:
        return None
    stops, ends = follow(plan, z), np.asarray(counts)
    early = stops.analysis < len(counts)
    awaited = np.where(early, _awaited(data, ends[stops.analysis - 1], counts[-1]), 0)
    last = ends[stops.analysis - 1] + awaited
    answer = analyse_trials(data.cut(last))
    final = signed_statistic(answer)
    critical = np.array([
        critical_decision(plan, int(k), int(n) / counts[-1], rule) if wait else plan.upper[k - 1]
        for k, n, wait in zip(stops.analysis, last, awaited > 0, strict=True)
    ])  # fmt: skip
    with np.errstate(invalid="ignore"):
        beyond = np.abs(final) >= critical if plan.sides == 2 else final >= critical
    same_side = np.sign(final) == np.sign(stops.z) if plan.sides == 2 else True
    rejected = np.where(awaited > 0, beyond & same_side, stops.rejected)
    return DecisionEnd(
        crossed=np.where(early, np.where(stops.rejected, 1, -1), 0),
        interim_z=stops.z, participants=last, awaited=awaited, answer=answer,
        conduct=Conduct(stops.analysis, rejected, final, len(counts)),
    )  # fmt: skip


def _awaited(data: Data, seen: Ints, most: int) -> Ints:
    """Return (replicate,) participants recruited when the endpoints of those ``seen`` are known."""
    months = data.arrival_months
    if months is None:
        raise ValueError("the trials have no calendar")
    due = np.take_along_axis(months, seen[:, None] - 1, 1) + data.design.endpoint_month
    return np.asarray(np.maximum((months[:, :most] <= due).sum(1) - seen, 0))


def combined(rates: tuple[float, ...], before: Floats, after: Floats) -> Floats:
    """Return (replicate, later analysis) inverse normal combinations with the planned weights.

    Parameters
    ----------
    rates
        (analysis,) planned information rates.
    before
        (replicate,) statistic at the analysis of re-estimation.
    after
        (replicate, later analysis) statistics of the participants after it, up to each later
        analysis.

    Examples
    --------
    >>> z = combined((0.5, 1.0), np.array([1.0]), np.array([[2.0]]))
    >>> f"{z[0, 0]:.4f}"
    '2.1213'
    """
    seen = rates[-after.shape[-1] - 1]
    parts = [
        inverse_normal(np.stack([before, after[..., k]], -1), [seen, rate - seen])[..., -1]
        for k, rate in enumerate(rates[-after.shape[-1] :])
    ]
    return np.stack(parts, -1)
