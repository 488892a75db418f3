"""Exact operating characteristics of a two-stage trial whose second stage depends on the first.

Every table of stage 1 is enumerated; it determines the size of stage 2 and the required result,
whose probability is a sum over the tables of stage 2. The test is the inverse normal combination of
two pooled z statistics (Lehmacher W, Wassmer G. *Biometrics* 1999;55:1286-90) or, for comparison,
the naive pooled z of all participants as if their number had been fixed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from estimate.comparison.exact.binomial_tables import binomial_masses, pooled_z
from estimate.core.arrays import Floats, Ints
from estimate.sample_size.exact_fixed import TIE
from estimate.sequential.conditional_power import required_z
from protocol.errors import InputError

#: Tables of stage 1 less likely than this are ignored; together they have probability less than
#: 1e-9.
NEGLIGIBLE = 1e-14

Combination = Literal["inverse normal", "naive"]


@dataclass(frozen=True, slots=True)
class ExactAdaptive:
    """Exact operating characteristics of a two-stage trial.

    Attributes
    ----------
    early_efficacy, early_futility
        Probabilities of stopping at stage 1.
    late_efficacy
        Probability of rejecting at stage 2.
    expected_participants
        In both arms and both stages.
    """

    early_efficacy: float
    early_futility: float
    late_efficacy: float
    expected_participants: float

    @property
    def power(self) -> float:
        """Probability of rejecting at either stage."""
        return self.early_efficacy + self.late_efficacy


def exact_reestimation(
    participants: int,
    upper: tuple[float, float],
    size: Callable[[Floats], Floats],
    p1: float,
    p2: float,
    *,
    weights: tuple[float, float] = (0.5**0.5, 0.5**0.5),
    futility: float = -np.inf,
    combination: Combination = "inverse normal",
) -> ExactAdaptive:
    """Enumerate a two-stage trial with a data-dependent second stage, 1:1.

    Parameters
    ----------
    participants
        Participants per arm in stage 1.
    upper
        Boundaries of Z_1, and of w1 Z_1 + w2 Z_2.
    size
        Participants per arm in stage 2 given Z_1 (an array); rounded up.
    p1, p2
        Risks of arm 1 and arm 2.
    weights
        w1, w2 fixed beforehand, their squares summing to 1.
    futility
        Stop without rejection if Z_1 is below it.
    combination
        ``naive`` compares the pooled z of both stages with the second boundary.

    Examples
    --------
    Stage 2 is doubled after an inconclusive stage 1. Under no effect the type I error is alpha up
    to the discreteness of counts:

    >>> def rule(z):
    ...     return np.where(z > 1, 40, 80)
    >>> f"{exact_reestimation(40, (2.9626, 1.9686), rule, 0.4, 0.4).power:.4f}"
    '0.0248'
    """
    if abs(weights[0] ** 2 + weights[1] ** 2 - 1) > 1e-9:
        problem = f"{weights} do not have squares that sum to 1"
        raise InputError.of("re-estimation", "weights", problem, "scale them")
    z = pooled_z(participants, participants)
    mass = binomial_masses(participants, p1)[:, None] * binomial_masses(participants, p2)
    win, lose = z >= upper[0] - TIE, z < futility - TIE
    onward = ~win & ~lose & (mass > NEGLIGIBLE)
    first, weight = z[onward], mass[onward]
    sizes = _whole(size(first))
    if combination == "naive":
        events = np.argwhere(onward)
        chance = _naive_probabilities(participants, events, sizes, upper[1], p1, p2)
    else:
        chance = _probabilities(sizes, required_z(first, upper[1], weights), p1, p2)
    return ExactAdaptive(
        early_efficacy=float(mass[win].sum()),
        early_futility=float(mass[lose & ~win].sum()),
        late_efficacy=float((weight * chance).sum()),
        expected_participants=float(2 * participants + 2 * (weight * sizes).sum()),
    )


def _whole(sizes: Floats) -> Ints:
    participants = np.ceil(np.asarray(sizes, float) - 1e-9)
    if (
        not np.isfinite(participants).all()
        or participants.min(initial=1) < 1
        or participants.max(initial=1) > 5000
    ):
        problem = "the rule gives sizes that are not 1 to 5000 participants per arm"
        raise InputError.of("re-estimation", "size", problem, "set limits to the rule")
    return participants.astype(np.int64)


def _probabilities(sizes: Ints, required: Floats, p1: float, p2: float) -> Floats:
    """Return, for each first stage, the probability that stage 2 has z >= ``required``."""
    chance = np.empty(required.shape)
    for participants in np.unique(sizes):
        here = sizes == participants
        lowest = _fewest_events(int(participants), required[here, None])
        chance[here] = _upper_tail(int(participants), p1)[lowest] @ binomial_masses(
            int(participants), p2
        )
    return chance


def _fewest_events(participants: int, z: Floats) -> Ints:
    """Return (..., participants + 1) fewest events of arm 1 with statistic ``z`` or more.

    With d = x1 - x2 and s = x1 + x2, z^2 = 2 n d^2 / (s (2 n - s)) is a quadratic equation in d;
    rounding is corrected by comparing neighbours. participants + 1: none does.
    """
    x2 = np.arange(participants + 1.0)
    a, b = 2 * participants + z**2, z**2 * (2 * x2 - participants)
    root = np.sqrt(b**2 + a * z**2 * 4 * x2 * (participants - x2))
    guess = np.ceil(x2 + (np.sign(z) * root - b) / a).astype(int)
    lowest = np.full(guess.shape, participants + 1)
    for step in (1, 0, -1):
        events = guess + step
        inside = (events >= 0) & (events <= participants)
        shown = _z(events, x2, participants) >= z - TIE
        lowest = np.where(inside & shown, np.minimum(lowest, events), lowest)
    return np.where(guess < -1, 0, lowest)


def _z(x1: Ints, x2: Floats, participants: int) -> Floats:
    """Return pooled z statistics of two arms of the same size; 0 where nothing varies."""
    both = x1 + x2
    variance = both * (2 * participants - both) / (2 * participants)
    return np.divide(
        x1 - x2, np.sqrt(np.maximum(variance, 0)), out=np.zeros(both.shape), where=variance > 0
    )


def _upper_tail(participants: int, p: float) -> Floats:
    """Return (participants + 2,) probabilities of at least 0, 1, ... events."""
    return np.append(binomial_masses(participants, p)[::-1].cumsum()[::-1], 0.0)


def _naive_probabilities(
    before: int, events: Ints, sizes: Ints, boundary: float, p1: float, p2: float
) -> Floats:
    """Return, for each first stage, the probability that the pooled z reaches ``boundary``.

    For every count of the control arm the treated arm needs a least count, so that one survival
    function replaces the sum over the treated arm.
    """
    chance = np.empty(len(events))
    for participants in np.unique(sizes):
        here, total = sizes == participants, before + int(participants)
        enough = pooled_z(total, total) >= boundary - TIE
        lowest = np.where(enough.any(0), enough.argmax(0), total + 1)
        x1, x2 = events[here].T
        lacking = lowest[x2[:, None] + np.arange(participants + 1)] - x1[:, None]
        chance[here] = _upper_tail(int(participants), p1)[
            np.clip(lacking, 0, participants + 1)
        ] @ binomial_masses(int(participants), p2)
    return chance
