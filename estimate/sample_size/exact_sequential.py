"""Exact operating characteristics of a group-sequential trial with two binomial arms.

Between analyses the joint distribution of the two cumulative counts is convolved with two
binomials; at an analysis the mass outside the boundaries is taken out. Jennison C, Turnbull BW.
*Group Sequential Methods*, 2000, chapter 12. Nothing is approximated; a three-analysis design of
180 participants per arm takes about a millisecond.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from estimate.core.arrays import Floats
from estimate.sample_size.exact_fixed import TIE, binomial_masses, pooled_z
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class ExactTrial:
    """Exact operating characteristics; ``...`` is the shape of the risks.

    Attributes
    ----------
    efficacy, futility
        (..., analysis) probabilities of rejecting at each analysis, and of stopping without
        rejection. At the last analysis whoever does not reject ends in ``futility``.
    participants
        (analysis,) participants in both arms at each analysis.
    """

    efficacy: Floats
    futility: Floats
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
) -> ExactTrial:
    """Enumerate both counts through the analyses of a group-sequential trial.

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

    Examples
    --------
    >>> trial = exact_sequential(
    ...     [60, 120, 180], [60, 120, 180], [3.7103029, 2.5114275, 1.9930475], 0.55, 0.40
    ... )
    >>> print(f"{trial.power:.7f} {trial.expected_participants:.4f}")
    0.8212901 307.1526
    """
    first, second = _check_participants(n1), _check_participants(n2)
    high, low = _check_boundaries(upper, lower, first.size)
    if sides not in (1, 2) or (sides == 2 and lower is not None):
        problem = f"{sides} came with{'out' if lower is None else ''} lower boundaries"
        raise InputError.of("analyses", "sides", problem, "give 1, or 2 without lower boundaries")
    risk1, risk2 = np.broadcast_arrays(np.asarray(p1, float), np.asarray(p2, float))
    alive = np.ones((*risk1.shape, 1, 1))
    wins, losses, before = [], [], (0, 0)
    for k, (m1, m2) in enumerate(zip(first, second, strict=True)):
        alive = _add_participants(alive, int(m1) - before[0], int(m2) - before[1], risk1, risk2)
        before = (int(m1), int(m2))
        z = pooled_z(*before)
        win = (np.abs(z) if sides == 2 else z) >= high[k] - TIE
        lose = ~win if k + 1 == first.size else (z < low[k] - TIE) & ~win
        wins.append((alive * win).sum((-2, -1)))
        losses.append((alive * lose).sum((-2, -1)))
        alive = alive * ~(win | lose)
    return ExactTrial(np.stack(wins, -1), np.stack(losses, -1), first + second)


def _add_participants(alive: Floats, m1: int, m2: int, p1: Floats, p2: Floats) -> Floats:
    """Convolve both counts (..., x1, x2) with the events of ``m1`` and ``m2`` more participants."""
    step1 = _shifts(binomial_masses(m1, p1), alive.shape[-2])
    step2 = _shifts(binomial_masses(m2, p2), alive.shape[-1])
    return np.asarray(step1.swapaxes(-1, -2) @ alive @ step2)


def _shifts(masses: Floats, size: int) -> Floats:
    """Return (..., size, size + m) rows of ``masses``, each one place further right."""
    m = masses.shape[-1] - 1
    place = np.arange(size + m) - np.arange(size)[:, None]
    inside = (place >= 0) & (place <= m)
    return np.asarray(np.where(inside, masses[..., np.clip(place, 0, m)], 0.0))


def _check_participants(participants: ArrayLike) -> NDArray[np.int64]:
    counts = np.atleast_1d(np.asarray(participants))
    if not np.issubdtype(counts.dtype, np.integer) or counts.min(initial=1) < 1:
        raise InputError.of(
            "analyses", "participants", f"{participants!r} came", "give whole numbers from 1"
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
        problem = f"{high.size} came for {analyses} analyses"
        raise InputError.of("analyses", "upper", problem, "give one boundary per analysis")
    return high, low
