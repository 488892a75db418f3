"""Exact operating characteristics of a group-sequential trial with two binomial arms.

Between analyses the joint distribution of the two cumulative counts is convolved with two
binomials; at each analysis the mass outside the boundaries is removed. Jennison C, Turnbull BW.
*Group Sequential Methods*, 2000, chapter 12. Counts further from their mean than `REACH` standard
deviations (and `MARGIN` events) have a probability below the precision of the sums and are not
enumerated, so time and memory are of the order of the square root of the sample size, squared:
50,000 participants per arm take less than a second and 100 MB.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from estimate.comparison.exact.binomial_tables import binomial_masses
from estimate.comparison.risk_difference import hypothesis_z
from estimate.core.arrays import Floats, Ints
from estimate.sample_size.exact_fixed import TIE
from protocol.errors import InputError

#: Range of enumerated counts around their mean, in standard deviations and in events.
REACH, MARGIN = 9.0, 40


#: A statistic of events and participants of arm 1, then of arm 2.
Statistic = Callable[[Ints, Ints, Ints, Ints], Floats]


@dataclass(frozen=True, slots=True)
class ExactTrial:
    """Exact operating characteristics; ``...`` is the shape of the risks.

    Attributes
    ----------
    efficacy, futility, favourable
        (..., analysis) probabilities of rejecting at each analysis, and of stopping without
        rejection (at the last analysis: not rejecting), and the part of ``efficacy`` with
        Z_k >= upper_k.
    participants
        (analysis,) participants in both arms at each analysis.
    """

    efficacy: Floats
    futility: Floats
    favourable: Floats
    participants: NDArray[np.int64]

    @property
    def power(self) -> Floats:
        """(...) probability of rejecting."""
        return np.asarray(self.efficacy.sum(-1))

    @property
    def expected_participants(self) -> Floats:
        """(...) expected sample size, both arms together."""
        return np.asarray(((self.efficacy + self.futility) * self.participants).sum(-1))


def exact_sequential(
    n1: ArrayLike,
    n2: ArrayLike,
    upper: ArrayLike,
    p1: ArrayLike,
    p2: ArrayLike,
    *,
    lower: ArrayLike | None = None,
    sides: int = 1,
    observed: tuple[int, int, int, int] = (0, 0, 0, 0),
    nulls: Sequence[float] = (0.0,),
    statistic: Statistic | None = None,
) -> ExactTrial:
    """Enumerate both counts over the analyses of a group-sequential trial.

    Parameters
    ----------
    n1, n2
        (analysis,) cumulative participants per arm, rising.
    upper
        (analysis,) reject at analysis k if Z_k >= upper_k.
    p1, p2
        (...) risks of arm 1 and arm 2, broadcast together.
    lower
        (analysis,) stop without rejection if Z_k < lower_k; None for no such stop. The last one has
        no meaning.
    sides
        2 rejects in both directions, if the absolute value of Z_k reaches upper_k; it takes no
        ``lower``.
    observed
        Events and participants of arm 1, then of arm 2, at an analysis that did not stop the trial:
        all probabilities are conditional on them.
    nulls
        Limits of the null hypothesis about p1 - p2, as for `hypothesis_z`: Z is then the score
        statistic of Farrington and Manning.
    statistic
        Function of events and participants of arm 1, then of arm 2 (arrays that broadcast), in
        place of the score statistic.

    Examples
    --------
    >>> trial = exact_sequential(
    ...     [60, 120, 180], [60, 120, 180], [3.7103029, 2.5114275, 1.9930475], 0.55, 0.40
    ... )
    >>> print(f"{trial.power:.7f} {trial.expected_participants:.4f}")
    0.8212901 307.1526

    Conditional power after 33 of 60 and 24 of 60 events:

    >>> later = exact_sequential(
    ...     [120, 180], [120, 180], [2.5114275, 1.9930475], 0.55, 0.40, observed=(33, 60, 24, 60)
    ... )
    >>> print(f"{later.power:.4f}")
    0.8708
    """
    first, second = _check_participants(n1), _check_participants(n2)
    high, low = _check_boundaries(upper, lower, first.size)
    if sides not in (1, 2) or (sides == 2 and lower is not None):
        problem = f"{sides} was given with{'out' if lower is None else ''} lower boundaries"
        raise InputError.of("analyses", "sides", problem, "give 1, or 2 without lower boundaries")
    risk1, risk2 = np.broadcast_arrays(np.asarray(p1, float), np.asarray(p2, float))
    alive = np.ones((*risk1.shape, 1, 1))
    x1, begun1, x2, begun2 = observed
    if first[0] <= begun1 or second[0] <= begun2:
        problem = f"{observed} leaves an arm without further participants"
        raise InputError.of("analyses", "observed", problem, "give larger later analyses")
    wins, losses, up, before = [], [], [], (begun1, begun2)
    seen1, seen2 = np.array([x1]), np.array([x2])
    for k, (m1, m2) in enumerate(zip(first, second, strict=True)):
        next1 = x1 + _window(int(m1) - begun1, risk1)
        next2 = x2 + _window(int(m2) - begun2, risk2)
        step1 = _transition(int(m1) - before[0], risk1, seen1, next1)
        step2 = _transition(int(m2) - before[1], risk2, seen2, next2)
        alive = np.asarray(step1.swapaxes(-1, -2) @ alive @ step2)
        before, seen1, seen2 = (int(m1), int(m2)), next1, next2
        if statistic is None:
            z = _score(*before, seen1, seen2, nulls)
        else:
            z = statistic(seen1[:, None], np.asarray(m1), seen2, np.asarray(m2))
        win = (np.abs(z) if sides == 2 else z) >= high[k] - TIE
        lose = ~win if k + 1 == first.size else (z < low[k] - TIE) & ~win
        wins.append((alive * win).sum((-2, -1)))
        up.append((alive * (z >= high[k] - TIE)).sum((-2, -1)))
        losses.append((alive * lose).sum((-2, -1)))
        alive = alive * ~(win | lose)
    efficacy, futility, favourable = (np.stack(each, -1) for each in (wins, losses, up))
    return ExactTrial(efficacy, futility, favourable, first + second)


def _window(participants: int, risk: Floats) -> NDArray[np.int64]:
    """Return the counts of events to enumerate among these participants, for all risks."""
    mean, sd = participants * risk, np.sqrt(participants * risk * (1 - risk))
    low = int(np.floor((mean - REACH * sd).min())) - MARGIN
    high = int(np.ceil((mean + REACH * sd).max())) + MARGIN
    return np.arange(max(low, 0), min(high, participants) + 1)


def _transition(
    more: int, risk: Floats, seen: NDArray[np.int64], later: NDArray[np.int64]
) -> Floats:
    """Return (..., count so far, later count) probabilities with ``more`` participants."""
    masses = binomial_masses(more, risk)
    place = later - seen[:, None]
    inside = (place >= 0) & (place <= more)
    return np.asarray(np.where(inside, masses[..., np.clip(place, 0, more)], 0.0))


def _score(
    n1: int, n2: int, x1: NDArray[np.int64], x2: NDArray[np.int64], nulls: Sequence[float]
) -> Floats:
    """Return (x1, x2) statistics of the hypothesis."""
    if tuple(nulls) == (0.0,):
        return _pooled_z(n1, n2, x1, x2)
    return hypothesis_z(x1[:, None], n1, x2, n2, nulls)


def _pooled_z(n1: int, n2: int, x1: NDArray[np.int64], x2: NDArray[np.int64]) -> Floats:
    """Return (x1, x2) pooled z statistics; 0 for tables without events or with only events."""
    pooled = (x1[:, None] + x2) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    difference = x1[:, None] / n1 - x2 / n2
    return np.divide(difference, np.sqrt(variance), out=np.zeros_like(variance), where=variance > 0)


def _check_participants(participants: ArrayLike) -> NDArray[np.int64]:
    counts = np.atleast_1d(np.asarray(participants))
    if not np.issubdtype(counts.dtype, np.integer) or counts.min(initial=1) < 1:
        raise InputError.of(
            "analyses",
            "participants",
            f"{participants!r} is not allowed",
            "give whole numbers from 1",
        )
    if (np.diff(counts) <= 0).any():
        raise InputError.of(
            "analyses",
            "participants",
            f"{participants!r} do not rise",
            "give cumulative participants",
        )
    return counts.astype(np.int64)


def _check_boundaries(
    upper: ArrayLike, lower: ArrayLike | None, analyses: int
) -> tuple[Floats, Floats]:
    high = np.asarray(upper, float)
    low = np.full(analyses, -np.inf)
    if lower is not None:
        given = np.asarray(lower, float)[:analyses]
        low[: given.size] = given
    if high.shape != (analyses,):
        problem = f"{high.size} given for {analyses} analyses"
        raise InputError.of("analyses", "upper", problem, "give one boundary per analysis")
    return high, low
