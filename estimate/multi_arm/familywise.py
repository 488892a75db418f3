"""Boundaries of several treatments against one control that spend a family-wise type I error."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq

from estimate.core.arrays import Floats
from estimate.multi_arm.control_paths import before_last, control_paths, follow_arm
from estimate.sequential.boundary_shapes import Shape, WangTsiatis
from estimate.sequential.spending import Spending
from protocol.errors import InputError

#: Range in which a boundary of z is sought, and its precision.
LOWEST, HIGHEST, PRECISION = -2.0, 9.0, 1e-8

#: Error that is left at an analysis below which its boundary is not crossed.
NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Familywise:
    """The probability of rejecting any of several treatments that do nothing.

    Attributes
    ----------
    rates
        (analysis,) information fractions.
    ratios
        (treatment,) participants of each per participant of the control.
    lower
        (analysis,) boundaries below which a treatment is dropped; minus infinity for none.
    two_sided
        Whether Z <= -upper rejects too.
    """

    rates: tuple[float, ...]
    ratios: tuple[float, ...]
    lower: tuple[float, ...]
    two_sided: bool = False

    def error(self, upper: Floats) -> float:
        """Return the error with (analysis,) upper boundaries at all analyses."""
        arms = {
            ratio: follow_arm(
                self.rates, upper, np.asarray(self.lower), ratio, two_sided=self.two_sided
            ).rejects.sum(1)
            for ratio in set(self.ratios)
        }
        return self._any(len(self.rates), arms)

    @lru_cache(maxsize=64)  # noqa: B019  the sets of treatments are few and small
    def boundaries(self, shape: Shape, alpha: float, *, sides: int = 1) -> Floats:
        """Return the (analysis,) upper boundaries of a family with the error ``alpha``.

        Raises
        ------
        InputError
            The family is neither error spending nor Wang-Tsiatis.
        """
        t = np.asarray(self.rates)
        if isinstance(shape, WangTsiatis):
            form = t ** (shape.delta - 0.5)
            found = brentq(lambda c: self.error(c * form) - alpha, 0.3, HIGHEST, xtol=PRECISION)
            return np.asarray(found * form)
        if not isinstance(shape, Spending):
            problem = "boundaries of several treatments follow error spending or Wang-Tsiatis"
            raise InputError.of("multi-arm", "efficacy", problem, "give OF, Pocock, HSD, KD, or WT")
        return self.spending(sides * shape.spent(t, alpha / sides))

    def spending(self, spent: Floats) -> Floats:
        """Return the (analysis,) upper boundaries that spend this (analysis,) cumulative error."""
        upper: list[float] = []
        for each in spent:
            upper.append(self._next(upper, float(each)))
        return np.asarray(upper)

    def spend_rest(self, upper: Floats, alpha: float) -> Floats:
        """Return boundaries of which the last spends all error that the earlier ones leave."""
        earlier = [float(each) for each in upper[:-1]]
        return np.asarray([*earlier, self._next(earlier, alpha)])

    def _next(self, upper: Sequence[float], spent: float) -> float:
        """Return the next boundary, at which ``spent`` is spent in total."""
        count = len(upper) + 1
        states = {
            ratio: before_last(
                self.rates[:count], upper, self.lower[:count], ratio, two_sided=self.two_sided
            )
            for ratio in set(self.ratios)
        }

        def left(boundary: float) -> float:
            arms = {ratio: state.rejects(boundary) for ratio, state in states.items()}
            return spent - self._any(count, arms)

        if left(np.inf) < NOTHING:
            return HIGHEST
        return float(brentq(left, LOWEST, HIGHEST, xtol=PRECISION))

    def _any(self, analyses: int, rejects: dict[float, Floats]) -> float:
        """Return the probability that any treatment is rejected, given it along each path."""
        none = np.ones(())
        for ratio, found in rejects.items():
            none = none * np.clip(1 - found, 0.0, 1.0) ** self.ratios.count(ratio)
        return float(1 - control_paths(self.rates[:analyses])[1] @ none)
