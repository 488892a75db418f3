"""Adaptations at an interim analysis: arms that continue, and allocation afterwards."""

from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from estimate.core.arrays import Bools, Floats, Ints
from pretese.trial.multi_arm.design.design_file import MultiArmDesign

#: Reason for which a treatment stopped; 0: it continued to the end.
SUCCESS, FUTILITY, HARM, SELECTION = 1, 2, 3, 4


def dropped(design: MultiArmDesign, z: Floats, running: Bools, analysis: int, harm: float) -> Ints:
    """Return (replicate, treatment) the reason for dropping at an interim analysis, or 0.

    Parameters
    ----------
    z
        (replicate, treatment) statistics of the primary endpoint, all participants to date.
    running
        Whether each still recruits.
    analysis
        Index of the interim analysis, from 0. Rules with one value for each planned analysis keep
        the last one at further analyses.
    harm
        z at or below which a treatment is dropped for harm; minus infinity: none.
    """
    rule, reason = design.dropping, np.zeros(z.shape, np.int64)
    shown = np.where(running & np.isfinite(z), z, -np.inf)
    best = shown.max(1, keepdims=True)
    if rule.within_z is not None:
        reason[shown < best - rule.within_z] = SELECTION
    if rule.keep_best:
        place = np.argsort(np.argsort(-shown, axis=1, kind="stable"), axis=1, kind="stable")
        reason[place >= _at(rule.keep_best, analysis)] = SELECTION
    if rule.futility_z:
        reason[shown < _at(rule.futility_z, analysis)] = FUTILITY
    reason[shown <= harm] = HARM
    return np.where(running, reason, 0)


def _at(values: tuple[float, ...], analysis: int) -> float:
    return values[min(analysis, len(values) - 1)]


def next_shares(
    design: MultiArmDesign, events: Floats, analysed: Floats, so_far: Floats, open_: Bools,
    analysis: int,
) -> Floats | None:  # fmt: skip
    """Return (replicate, arm) allocation fractions after an interim analysis.

    None: the arms that continue keep their planned ratio.

    Parameters
    ----------
    events, analysed
        (replicate, arm) counts of the primary endpoint.
    so_far
        (replicate, arm) participants randomised to date.
    open_
        Whether each arm continues.
    analysis
        Index of the interim analysis, from 0.
    """
    rule = design.adaptive_allocation
    parts = np.asarray(design.parts_after(analysis + 1), float)
    if rule is None:
        return _normed(np.where(open_, parts, 0.0)) if design.dropping.places == "shared" else None
    control = parts[0] / parts.sum()
    if rule.rule == "thompson":
        weight = probability_best(events[:, 1:], analysed[:, 1:], open_[:, 1:]) ** rule.exponent
    else:
        weight = _biased_coin(events, analysed, so_far, rule.exponent)[:, 1:]
    rest = _floored(np.where(open_[:, 1:], weight, 0.0), open_[:, 1:], rule.min_percent / 100)
    return np.concatenate([np.full((len(rest), 1), control), (1 - control) * rest], 1)


def probability_best(events: Floats, analysed: Floats, open_: Bools) -> Floats:
    """Return (replicate, treatment) posterior probabilities of the highest risk in open arms.

    Beta(1, 1) priors; the posteriors are approximated by normal distributions of the same mean and
    variance, and the product of their distribution functions is integrated.
    """
    a, n = events + 1.0, analysed + 2.0
    mean = a / n
    sd = np.sqrt(mean * (1 - mean) / (n + 1))
    nodes, weights = _nodes()
    at = mean[..., None] + sd[..., None] * nodes  # (replicate, own, node)
    found = np.zeros(mean.shape)
    for own in range(mean.shape[1]):
        below = np.ones(at[:, own].shape)
        for other in range(mean.shape[1]):
            if other != own:
                under = ndtr((at[:, own] - mean[:, [other]]) / sd[:, [other]])
                below *= np.where(open_[:, [other]], under, 1.0)
        found[:, own] = below @ weights
    return _normed(np.where(open_, found, 0.0))


@lru_cache(maxsize=1)
def _nodes() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(48)
    return nodes, weights / weights.sum()


def _biased_coin(events: Floats, analysed: Floats, so_far: Floats, power: float) -> Floats:
    """Return the allocation function of Hu and Zhang: target x (target / current)^power."""
    target = _normed(np.sqrt((events + 0.5) / (analysed + 1.0)))
    share = np.maximum(_normed(so_far), 1e-6)
    return _normed(target * (target / share) ** power)


def _floored(weight: Floats, open_: Bools, minimum: float) -> Floats:
    """Return fractions that sum to 1 over open arms, each at least the minimum."""
    count = np.maximum(open_.sum(1, keepdims=True), 1)
    floor = np.where(open_, np.minimum(minimum, 1 / count), 0.0)
    free = 1 - floor.sum(1, keepdims=True)
    return np.where(open_.any(1, keepdims=True), floor + free * _normed(weight), 0.0)


def _normed(weight: Floats) -> Floats:
    total = weight.sum(1, keepdims=True)
    return np.asarray(np.divide(weight, total, out=np.zeros_like(weight), where=total > 0))


def apportion(shares: Floats, places: int) -> Ints:
    """Return (replicate, arm) whole numbers in these proportions, by largest remainders.

    >>> apportion(np.array([[0.5, 0.3, 0.2]]), 11).tolist()
    [[6, 3, 2]]
    """
    exact = shares * places
    whole = np.floor(exact + 1e-9).astype(np.int64)
    left = np.round(shares.sum(1) * places).astype(np.int64) - whole.sum(1)
    place = np.argsort(np.argsort(-(exact - whole), axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(whole + (place < left[:, None]))
