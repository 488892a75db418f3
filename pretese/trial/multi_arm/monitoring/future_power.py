"""Conditional and predictive power of every comparison in an ongoing trial of several arms.

The probability that the null hypothesis of a treatment is rejected at a later analysis, by the
procedure of the design, with the other treatments and its rules for dropping. From counts it is
exact if one treatment continues, or if one analysis remains: given the control, treatments are
independent. Otherwise trials are continued by simulation.
"""

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Literal

import numpy as np

from estimate.comparison.exact.binomial_tables import binomial_masses
from estimate.core.arrays import Bools, Floats
from estimate.multi_arm.local_tests import NEVER
from estimate.performance.measures import proportion_mcse
from estimate.sample_size.exact_fixed import TIE
from estimate.sample_size.exact_sequential import exact_sequential
from estimate.sequential.conditional_power import conditional_power, predictive_power
from pretese.trial.multi_arm.conduct import ArmDecisions
from pretese.trial.multi_arm.monitoring.arm_statistics import comparison_z
from pretese.trial.multi_arm.monitoring.later_analyses import LaterAnalyses, never
from simulate.core.random_streams import generator_of

#: Simulated continuations of a trial, and their seed.
REPLICATES, SEED = 50_000, 1

#: Most pairs of counts, and combinations of boundaries reached, that are enumerated.
MOST_CELLS, MOST_LEVELS = 4_000_000, 20_000

Method = Literal["exact", "normal approximation", "simulated counts", "simulated statistics"]


@dataclass(frozen=True, slots=True)
class RejectionProbability:
    """Probabilities of rejecting each treatment later.

    Attributes
    ----------
    value
        (treatment,); 0 for treatments that have ended.
    mcse
        (treatment,) Monte Carlo standard errors; None where nothing is simulated.
    """

    value: Floats
    mcse: Floats | None
    method: Method


@dataclass(frozen=True, slots=True)
class FuturePowers:
    """Conditional and predictive power of every comparison after one analysis.

    Attributes
    ----------
    planned
        Fraction of the planned effects to conditional power; empty if the effects are unknown.
    observed, none
        Conditional power if the observed effects, or no effects, continue.
    flat
        Predictive power: averaged over the posterior of the effects with a flat prior.
    """

    planned: dict[float, RejectionProbability]
    observed: RejectionProbability
    none: RejectionProbability
    flat: RejectionProbability


def future_powers(view: LaterAnalyses, shares: tuple[float, ...]) -> FuturePowers:
    """Return conditional and predictive power after an analysis.

    Parameters
    ----------
    shares
        Fractions of the planned effects, in addition to the full effects.
    """
    planned = {share: view.risks(share) for share in (1.0, *shares)}
    t = float(view.rates[view.analysis])
    drift = np.where(view.running, view.z, 0.0) / np.sqrt(t)
    return FuturePowers(
        planned={s: _under_risks(view, risks) for s, risks in planned.items() if risks is not None},
        observed=_under_drifts(view, drift),
        none=_under_drifts(view, np.zeros_like(drift)),
        flat=_flat(view),
    )


def _under_risks(view: LaterAnalyses, risks: Floats) -> RejectionProbability:
    """Return conditional power under (arm,) risks, from counts if there are any."""
    if view.trial.data.events is None:
        return _under_drifts(view, view.drifts(risks))
    lone = view.lone_boundary()
    if lone is not None:
        exact = _one_treatment(view, risks, *lone)
        return _under_drifts(view, view.drifts(risks)) if exact is None else exact
    if view.design.combination() is None and len(view.later) == 1 and _few(view):
        return _one_analysis(view, risks)
    return _shares(_continue_counts(view, risks), "simulated counts")


def _one_treatment(
    view: LaterAnalyses, risks: Floats, treatment: int, boundary: Floats
) -> RejectionProbability | None:
    """Enumerate the counts of the only treatment that continues and of the control.

    None if the trial has more participants than planned at a later analysis.
    """
    data, k = view.trial.data, view.analysis
    if data.events is None:
        raise ValueError("there are no counts")  # checked by the caller
    found = np.zeros(view.running.size)
    if never(boundary[k + 1 :]):
        return RejectionProbability(found, None, "exact")
    arm, low = treatment + 1, view.lone_lower()
    x, n = data.events[k], data.participants[k]
    sizes = np.array([np.round(view.planned_at(j)) for j in view.later]).astype(np.int64)
    sizes = sizes[:, [arm, 0]]
    if (sizes[0] <= n[[arm, 0]]).any() or (np.diff(sizes, axis=0) <= 0).any():
        return None
    trial = exact_sequential(
        sizes[:, 0], sizes[:, 1], boundary[k + 1 :], float(risks[arm]), float(risks[0]),
        lower=None if low is None else np.maximum(low[k + 1 :], -40.0),
        observed=(int(x[arm]), int(n[arm]), int(x[0]), int(n[0])),
        statistic=view.design.analysis.count_test(1).z if view.design.analysis.exact else None,
    )  # fmt: skip
    found[treatment] = float(trial.favourable.sum())
    return RejectionProbability(found, None, "exact")


def _few(view: LaterAnalyses) -> bool:
    """Whether the counts of the last analysis are few enough to be enumerated."""
    new = _new_at_the_end(view)
    levels = prod(_levels(view, arm).size + 1 for arm in np.flatnonzero(view.running).tolist())
    return bool(
        ((new[1:] + 1) * (new[0] + 1)).max() <= MOST_CELLS
        and levels * (new[0] + 1) <= MOST_CELLS
        and levels <= MOST_LEVELS
    )


def _new_at_the_end(view: LaterAnalyses) -> np.ndarray:
    data, k = view.trial.data, view.analysis
    if data.events is None:
        raise ValueError("there are no counts")  # checked by the caller
    found = view.next_sizes(
        data.events[[k]].astype(float), data.participants[[k]].astype(float),
        view.running[None], k + 1,
    )  # fmt: skip
    return np.asarray(found[0])


def _levels(view: LaterAnalyses, treatment: int) -> Floats:
    """Return the boundaries of a treatment at the last analysis that matter, in rising order."""
    inside = (view.tests.step[:, treatment] == 0) & ~view.row.crossed
    critical = view.tests.critical[inside, treatment, -1]
    return np.unique(critical[critical < NEVER])


def _one_analysis(view: LaterAnalyses, risks: Floats) -> RejectionProbability:
    """Enumerate the counts of the last analysis: given the control, treatments are independent."""
    running = np.flatnonzero(view.running)
    new = _new_at_the_end(view)
    levels = [_levels(view, int(arm)) for arm in running]
    reached = [
        _reached(view, int(arm), new, float(risks[arm + 1]), level)
        for arm, level in zip(running, levels, strict=True)
    ]
    combined = np.array(list(product(*(range(level.size + 1) for level in levels))))
    mass = np.ones((len(combined), int(new[0]) + 1))
    z = np.full((len(combined), view.running.size, len(view.design.labels)), -np.inf)
    for place, (arm, level) in enumerate(zip(running, levels, strict=True)):
        mass *= reached[place][combined[:, place]]
        z[:, arm, 0] = np.append(-np.inf, level)[combined[:, place]]
    crossed = view.row.crossed | view.tests.crossed(z, len(view.rates) - 1)
    rejected = view.tests.rejected(crossed)[..., 0] & view.running
    weight = mass @ binomial_masses(int(new[0]), float(risks[0]))
    return RejectionProbability(weight @ rejected, None, "exact")


def _reached(
    view: LaterAnalyses, treatment: int, new: np.ndarray, risk: float, levels: Floats
) -> Floats:
    """Return (level, control events) probabilities of the highest boundary that is reached."""
    data, k, arm = view.trial.data, view.analysis, treatment + 1
    if data.events is None:
        raise ValueError("there are no counts")  # checked by the caller
    x, n = data.events[k], data.participants[k]
    more, control = np.arange(new[arm] + 1)[:, None], np.arange(new[0] + 1)[None]
    z = view.design.analysis.count_test(1).z(
        x[arm] + more, n[arm] + new[arm], x[0] + control, n[0] + new[0]
    )
    masses = binomial_masses(int(new[arm]), risk)
    at_least = [masses @ (z >= level - TIE) for level in levels]
    tails = np.stack([np.ones(control.size), *at_least, np.zeros(control.size)])
    return np.asarray(tails[:-1] - tails[1:])


def _continue_counts(view: LaterAnalyses, risks: Floats) -> Bools:
    """Return (replicate, treatment) rejections of trials that continue with these risks."""
    data, k = view.trial.data, view.analysis
    if data.events is None:
        raise ValueError("there are no counts")  # checked by the caller
    decisions, random = view.start(REPLICATES), generator_of(SEED, "monitoring: counts")
    x, n = (np.repeat(each[[k]], REPLICATES, axis=0) for each in (data.events, data.participants))
    for later in view.later:
        new = view.next_sizes(x.astype(float), n.astype(float), decisions.running, later)
        came = random.binomial(new, risks)
        x, n = x + came, n + new
        _decide(view, decisions, comparison_z(view.design, x, n),
                comparison_z(view.design, came, new), new.astype(float), later)  # fmt: skip
    return np.asarray(decisions.rejected[..., 0] & view.running)


def _decide(
    view: LaterAnalyses, decisions: ArmDecisions, z: Floats, stage: Floats, sizes: Floats,
    later: int,
) -> None:  # fmt: skip
    """Test the primary hypotheses at a later analysis, and stop treatments."""
    last = later + 1 == len(view.rates)
    rest = np.full((*z.shape, len(view.design.labels) - 1), np.nan)
    if decisions.combination is None:
        decisions.test(np.concatenate([z[..., None], rest], -1), later, last=last)
    else:
        decisions.combine(np.concatenate([stage[..., None], rest], -1), sizes, later)
    decisions.end(z, later, last=last)


def _under_drifts(view: LaterAnalyses, drifts: Floats) -> RejectionProbability:
    """Return conditional power by the normal distribution of z; drifts are its final means."""
    lone = view.lone_boundary()
    if lone is None:
        many = np.repeat(drifts[None], REPLICATES, axis=0)
        return _shares(_continue_statistics(view, many), "simulated statistics")
    treatment, boundary = lone
    found = np.zeros(view.running.size)
    if not never(boundary[view.analysis + 1 :]):
        found[treatment] = conditional_power(
            view.rates, boundary, view.analysis + 1, float(view.z[treatment]),
            float(drifts[treatment]), lower=view.lone_lower(),
        )  # fmt: skip
    return RejectionProbability(found, None, "normal approximation")


def _flat(view: LaterAnalyses) -> RejectionProbability:
    """Return power averaged over the posterior of the effects with a flat prior."""
    lone = view.lone_boundary()
    t = float(view.rates[view.analysis])
    if lone is None or view.lone_lower() is not None:
        random = generator_of(SEED, "monitoring: effects")
        error = _correlated(view, random.standard_normal((REPLICATES, view.running.size + 1)))
        drifts = (np.where(view.running, view.z, 0.0) + error) / np.sqrt(t)
        return _shares(_continue_statistics(view, drifts), "simulated statistics")
    treatment, boundary = lone
    found = np.zeros(view.running.size)
    if not never(boundary[view.analysis + 1 :]):
        found[treatment] = predictive_power(
            view.rates, boundary, view.analysis + 1, float(view.z[treatment])
        )
    return RejectionProbability(found, None, "normal approximation")


def _continue_statistics(view: LaterAnalyses, drifts: Floats) -> Bools:
    """Return (replicate, treatment) rejections of trials whose z have (replicate, ...) drifts."""
    data, k = view.trial.data, view.analysis
    decisions, random = view.start(REPLICATES), generator_of(SEED, "monitoring: statistics")
    total = np.where(view.running, view.z, np.nan) * np.sqrt(view.rates[k])
    score = np.repeat(total[None], REPLICATES, axis=0)
    n = np.repeat(data.participants[[k]].astype(float), REPLICATES, axis=0)
    for later in view.later:
        step = float(view.rates[later] - view.rates[later - 1])
        noise = random.standard_normal((REPLICATES, view.running.size + 1))
        stage = drifts * np.sqrt(step) + _correlated(view, noise)
        score = score + np.sqrt(step) * stage
        new = view.next_sizes(n / 2, n, decisions.running, later).astype(float)
        n = n + new
        _decide(view, decisions, score / np.sqrt(view.rates[later]), stage, new, later)
    return np.asarray(decisions.rejected[..., 0] & view.running)


def _correlated(view: LaterAnalyses, noise: Floats) -> Floats:
    """Return (replicate, treatment) standard normal values that share the control."""
    ratio = np.asarray(view.design.ratios)
    return np.asarray((noise[:, 1:] - np.sqrt(ratio) * noise[:, :1]) / np.sqrt(1 + ratio))


def _shares(rejected: Bools, method: Method) -> RejectionProbability:
    value = rejected.mean(0)
    return RejectionProbability(value, np.asarray(proportion_mcse(value, len(rejected))), method)
