"""Effects of studies and their variances, from the counts of two arms or from an interval.

The 2 x 2 table of a study with an empty cell gets 0.5 added to each cell, no other table does:
the choice of metafor (Viechtbauer W. *J Stat Softw* 2010;36(3)); Sweeting MJ, Sutton AJ, Lambert
PC. *Stat Med* 2004;23:1351-75 compare others.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from estimate.core.result import Z95
from protocol.errors import InputError

#: The scale on which studies are pooled: ratios are pooled as natural logarithms.
EffectScale = Literal["odds ratio", "risk ratio", "risk difference"]


@dataclass(frozen=True, slots=True)
class StudyEffects:
    """One effect per study, with its sampling variance.

    Attributes
    ----------
    scale
        Scale of the effects.
    effect
        (study,) effects; natural logarithms of ratios, or risk differences (0 to 1).
    variance
        (study,) sampling variances on the same scale, above 0.
    """

    scale: EffectScale
    effect: Floats
    variance: Floats

    def __post_init__(self) -> None:
        """Refuse effects that cannot be pooled."""
        sound = self.effect.ndim == 1 and self.effect.shape == self.variance.shape
        if not sound or not self.effect.size:
            problem = "effects and variances are not two equally long lists with a value"
            raise InputError.of("studies", "effects", problem, "give one pair per study")
        finite = np.isfinite(self.effect) & np.isfinite(self.variance) & (self.variance > 0)
        if not finite.all():
            which = ", ".join(str(i + 1) for i in np.flatnonzero(~finite))
            problem = f"no finite effect with a variance above 0 in row {which}"
            raise InputError.of("studies", "effects", problem, "correct or exclude these studies")

    def __len__(self) -> int:
        """Return the number of studies."""
        return int(self.effect.size)

    def without(self, index: int) -> "StudyEffects":
        """Return the effects of all studies but one."""
        keep = np.arange(len(self)) != index
        return StudyEffects(self.scale, self.effect[keep], self.variance[keep])


def effects_from_counts(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, scale: EffectScale = "odds ratio"
) -> StudyEffects:
    """Compute the effect of each study from events and patients of its two arms.

    Parameters
    ----------
    x1, n1
        (study,) events and patients of the experimental arm.
    x2, n2
        (study,) events and patients of the control arm.
    scale
        Scale of the effect; the experimental arm is the numerator, or comes first.

    Returns
    -------
    StudyEffects
        Logarithms of ratios, or risk differences, with large-sample variances.

    Raises
    ------
    InputError
        A count is not a whole number from 0 to the patients of its arm, or an arm is empty.

    Examples
    --------
    >>> studies = effects_from_counts([12, 0], [40, 11], [9, 2], [41, 12])
    >>> [round(float(each), 4) for each in studies.effect]
    [0.4212, -1.7004]
    """
    if scale not in get_args(EffectScale):
        allowed = ", ".join(get_args(EffectScale))
        raise InputError.of("studies", "scale", f"{scale!r} is not one of {allowed}", "choose one")
    a, n_first, c, n_second = (np.atleast_1d(np.asarray(v, float)) for v in (x1, n1, x2, n2))
    a, n_first, c, n_second = np.broadcast_arrays(a, n_first, c, n_second)
    _check_counts(a, n_first, c, n_second)
    cells = np.stack([a, n_first - a, c, n_second - c])
    cells = cells + 0.5 * (cells == 0).any(axis=0)
    return StudyEffects(scale, *_FORMULAS[scale](*cells))


def effects_from_intervals(
    estimate: ArrayLike, low: ArrayLike, high: ArrayLike, scale: EffectScale = "odds ratio"
) -> StudyEffects:
    """Recover the effect of each study from a printed estimate and its 95 % interval.

    The standard error is the width of the interval over 2 x 1.96, on the log scale for ratios. The
    printed estimate is kept, although rounding leaves it a little off the middle of its interval.

    Parameters
    ----------
    estimate, low, high
        (study,) estimate and limits as printed: ratios, or risk differences from -1 to 1.
    scale
        Scale of the printed numbers.

    Examples
    --------
    >>> studies = effects_from_intervals([1.59], [1.02], [2.52])
    >>> round(float(studies.variance[0]) ** 0.5, 4)
    0.2307
    """
    parts = [np.atleast_1d(np.asarray(each, float)) for each in (estimate, low, high)]
    if scale != "risk difference":
        if any((each <= 0).any() for each in parts):
            problem = "a ratio or a limit of a ratio is 0 or below"
            raise InputError.of("studies", "interval", problem, "give ratios, not their logarithms")
        parts = [np.log(each) for each in parts]
    middle, lower, upper = parts
    if not ((lower < middle) & (middle < upper)).all():
        problem = "an estimate does not lie inside its interval"
        raise InputError.of("studies", "interval", problem, "give estimate, lower and upper limit")
    return StudyEffects(scale, middle, ((upper - lower) / (2 * Z95)) ** 2)


def _check_counts(x1: Floats, n1: Floats, x2: Floats, n2: Floats) -> None:
    """Refuse counts that no study can have."""
    sound = (x1 >= 0) & (x1 <= n1) & (x2 >= 0) & (x2 <= n2) & (n1 > 0) & (n2 > 0)
    whole = all((each == np.floor(each)).all() for each in (x1, n1, x2, n2))
    if not sound.all() or not whole:
        problem = (
            "an arm is empty, or a count is not a whole number from 0 to the patients of its arm"
        )
        raise InputError.of("studies", "counts", problem, "check events and patients of each study")


def _log_odds_ratio(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[Floats, Floats]:
    return np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d


def _log_risk_ratio(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[Floats, Floats]:
    first, second = a + b, c + d
    return np.log(a / first) - np.log(c / second), 1 / a - 1 / first + 1 / c - 1 / second


def _risk_difference(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[Floats, Floats]:
    first, second = a + b, c + d
    return a / first - c / second, a * b / first**3 + c * d / second**3


_FORMULAS = {
    "odds ratio": _log_odds_ratio,
    "risk ratio": _log_risk_ratio,
    "risk difference": _risk_difference,
}
